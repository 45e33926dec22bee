// Installs as people use them: free ones by the seller's members, who sees what, lists, and secrets.
import { Code } from '@cnap/client';
import { newId } from '@cnap/ids';
import { InputFill } from '@cnap/proto/cnap/catalog/v1/product';
import { WaitFor } from '@cnap/proto/cnap/catalog/v1/template';
import { type Install, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { UsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import { peerClient } from '@cnap/rpc';
import { eventually, expectError } from '@cnap/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chartOf, deployment } from './charts.ts';
import type { NewProduct } from './peers.ts';
import { factsOf, objectsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

const canary = 'canary-of-the-buyer';

let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(() => installer[Symbol.asyncDispose]());

const offer: Partial<NewProduct> = {
  inputSchema: {
    type: 'object',
    additionalProperties: false,
    required: ['title'],
    properties: { title: { type: 'string', maxLength: 20 }, key: { type: 'string' } },
  },
  values: { app: { tier: 'gold' } },
  inputs: [
    { name: 'title', sourceAlias: 'app', path: 'page.title' },
    { name: 'key', sourceAlias: 'app', path: 'key', secret: true },
    { name: 'password', sourceAlias: 'app', path: 'password', secret: true, fill: InputFill.PASSWORD },
    { name: 'host', sourceAlias: 'app', path: 'host', fill: InputFill.HOST },
  ],
  outputs: [
    { title: 'Page', from: { case: 'text', value: 'http://{{host}}/{{inputs.title}}' } },
    { title: 'Password', secret: true, from: { case: 'secretKey', value: 'RELEASE/password' } },
  ],
  chart: chartOf({
    'web.yaml': deployment('docker.io/library/nginx:1'),
    'secret.yaml': `
apiVersion: v1
kind: Secret
metadata: { name: "{{ .Release.Name }}" }
stringData:
  password: {{ .Values.password | quote }}
  key: {{ .Values.key | quote }}
  made: {{ printf "%s-%s" "canary-of-the-chart" (randAlphaNum 10) | quote }}`,
    'page.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: "{{ .Release.Name }}" }
data: { title: {{ .Values.page.title | quote }}, tier: {{ .Values.tier | quote }} }`,
    'ingress.yaml': `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: "{{ .Release.Name }}" }
spec:
  tls: [{ hosts: [ {{ .Values.host | quote }} ] }]
  rules: [{ host: {{ .Values.host | quote }} }]`,
    'NOTES.txt': 'Notes for {{ .Release.Namespace }}',
  }),
};
const create = (change: object = {}) =>
  installer.as('seller').installs.createInstall({
    regionId: installer.candidate.regionId,
    productId: installer.aProduct(offer).id,
    inputs: { title: 'Hi' },
    ...change,
  });
const made = async (change: object = {}): Promise<Install> => {
  const { install } = await create(change);
  if (!install) throw new Error('no install');
  return install;
};

test('webhooks that nobody answers: a warning, and waited for where the source says so', async () => {
  const webhooks = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: '{{ .Release.Name }}' },
    webhooks: [
      {
        name: 'hook.example.com',
        clientConfig: { service: { namespace: '{{ .Release.Namespace }}', name: 'hook' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'hook' },
    spec: { selector: { app: 'hook' }, ports: [{ port: 443 }] },
  };
  const chart = chartOf({ 'webhooks.yaml': JSON.stringify(webhooks), 'hook.yaml': JSON.stringify(service) });
  const begin = (waitFor: WaitFor[]) => {
    const kinds = [{ apiVersion: webhooks.apiVersion, kind: webhooks.kind, clusterWide: true }];
    const sources = [{ sourceId: 'src_sample', alias: 'app', waitFor }];
    return installer.ensure(installer.aProduct({ chart, package: { kinds, sources } }));
  };
  const words = /ValidatingWebhookConfiguration .* behind which no pod is ready/;
  const warned = await installer.until((await begin([WaitFor.CUSTOM_RESOURCES])).id, InstallState.RUNNING);
  expect(warned.conditions.find(({ type }) => type === 'Complete')).toMatchObject({
    met: false,
    message: expect.stringMatching(words),
  });

  const { id } = await begin([WaitFor.WEBHOOKS]);
  const { namespace } = await eventually(async () => {
    const now = await installer.get(id);
    expect(now).toMatchObject({ state: InstallState.DEPLOYING, message: expect.stringMatching(words) });
    return now;
  });
  await installer.kubernetes.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'answers', namespace, labels: { app: 'hook' } },
    spec: { containers: [{ name: 'c', image: 'docker.io/library/nginx:1' }] },
  });
  await installer.until(id, InstallState.RUNNING);
});

test('a member installs the workspace’s own product, free; the same request is the same install', async () => {
  const request = { productId: installer.aProduct(offer).id, requestId: 'once', name: 'Ours' };
  const first = await made(request);
  expect(await made(request)).toMatchObject({ id: first.id });
  await expectError(create({ ...request, name: 'Other' }), Code.InvalidArgument, 'REQUEST_ID_REUSED');
  const install = await installer.until(first.id, InstallState.RUNNING);
  expect(install).toMatchObject({
    name: 'Ours',
    orderId: '',
    workspaceId: installer.sellerWorkspaceId,
    endpoints: [
      { kind: 'Ingress', url: expect.stringMatching(/^https:\/\/[a-z0-9]{12}\.apps\.example\.com$/) },
    ],
  });
  const { namespace } = install;
  const [page] = (
    await installer.kubernetes.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace })
  ).filter(({ metadata }) => metadata.name === `cnap-${first.id.slice(-12)}`);
  expect(page).toMatchObject({ data: { title: 'Hi', tier: 'gold' } });
});

test('what cannot be installed is refused, and the fields are named', async () => {
  await expectError(create({ productId: newId('prd') }), Code.NotFound, 'PRODUCT_NOT_FOUND');
  await expectError(create({ regionId: newId('reg') }), Code.FailedPrecondition, 'REGION_NOT_OFFERED');
  const unbuilt = installer.aProduct({ ...offer, package: null });
  await expectError(create({ productId: unbuilt.id }), Code.FailedPrecondition, 'PACKAGE_NOT_READY');
  const bad = { title: 'x'.repeat(21), key: '{{ evil }}', other: 1 };
  const { fields } = await expectError(create({ inputs: bad }), Code.InvalidArgument, 'INPUTS_INVALID');
  expect(new Set(fields.map(({ field }) => field))).toEqual(
    new Set(['inputs.title', 'inputs.key', 'inputs.other']),
  );
  const missing = await expectError(create({ inputs: {} }), Code.InvalidArgument, 'INPUTS_INVALID');
  expect(missing.fields).toEqual([{ field: 'inputs.title', description: 'is required' }]);
  const own = { regionId: installer.candidate.regionId, productId: installer.aProduct(offer).id };
  const asStranger = installer.as('stranger').installs.createInstall({ ...own, inputs: { title: 'Hi' } });
  await expectError(asStranger, Code.NotFound, 'PRODUCT_NOT_FOUND');
  await expectError(installer.as('buyer-viewer').installs.createInstall(own), Code.PermissionDenied);
});

test('each side sees what is its own: the seller clusters and notes, the buyer outputs, nobody secret inputs', async () => {
  const { id } = await installer.ensure(installer.aProduct(offer), { inputs: { title: 'Hi', key: canary } });
  await installer.until(id, InstallState.RUNNING);
  const buyer = await installer.get(id, 'buyer');
  expect(buyer).toMatchObject({ clusterId: '', notes: '', placement: [], inputs: { title: 'Hi' } });
  expect(buyer.outputs).toMatchObject([
    { title: 'Page', value: expect.stringMatching(/^http:\/\/[a-z0-9]{12}\.apps\.example\.com\/Hi$/) },
    { title: 'Password', secret: true, value: expect.stringMatching(/^[\w-]{24}$/) },
  ]);
  const seller = await installer.get(id, 'seller');
  expect(seller).toMatchObject({
    clusterId: installer.candidate.clusterId,
    notes: `Notes for ${buyer.namespace}`,
    outputs: [],
    inputs: { title: 'Hi' },
    placement: [
      {
        clusterId: installer.candidate.clusterId,
        chosen: true,
        message: expect.stringContaining('fits, and has the fewest installs'),
      },
    ],
  });
  expect(Object.keys({ ...buyer.inputs, ...seller.inputs })).toEqual(['title']);

  const { installs } = await installer.as('buyer').installs.listInstalls({ productId: buyer.productId });
  expect(installs).toMatchObject([{ id, clusterId: '', placement: [] }]);
  const byCluster = { clusterId: installer.candidate.clusterId };
  expect((await installer.as('buyer').installs.listInstalls(byCluster)).installs).toEqual([]);
  expect((await installer.as('seller').installs.listInstalls(byCluster)).installs.length).toBeGreaterThan(0);
  const { releases } = await installer.as('seller').releases.listReleases({ installId: id });
  expect(releases).toMatchObject([{ revision: 1, packageVersion: '1.0.0' }]);
  expect(releases[0]?.objects.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['Deployment', 'Secret', 'ConfigMap', 'Ingress']),
  );
});

test('passwords and secret answers can be read in no table, no event and no log', async () => {
  const logged = await installer.restartAsProcess();
  const { id } = await installer.ensure(installer.aProduct(offer), { inputs: { title: 'Hi', key: canary } });
  await installer.until(id, InstallState.RUNNING);
  const password = (await installer.get(id, 'buyer')).outputs[1]?.value ?? '';
  const { namespace } = await installer.get(id);
  const secret = await installer.kubernetes.get({
    apiVersion: 'v1',
    kind: 'Secret',
    name: `cnap-${id.slice(-12)}`,
    namespace,
  });
  expect(JSON.stringify(secret)).toContain(Buffer.from(password).toString('base64'));
  const forbidden = [canary, password, 'canary-of-the-chart'].flatMap((text) => [
    text,
    Buffer.from(text).toString('base64').replaceAll('=', ''),
    Buffer.from(text).toString('hex'),
  ]);
  const { db } = installer.database;
  const everything = await db.acrossWorkspaces(async (tx) => {
    const { rows } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = 'installer'`.execute(tx);
    const texts: string[] = [];
    for (const { name } of rows) {
      const found = await sql<{ all: string }>`select row_to_json(t)::text as all from ${sql.table(name)} t`
        .execute(tx)
        .catch(() => ({ rows: [] }));
      texts.push(...found.rows.map((row) => row.all));
    }
    return texts;
  });
  expect(everything.some((text) => text.includes(id))).toBe(true);
  const { rows: events } = await db.pool.query<{ payload: Buffer }>('select payload from outbox');
  expect(events.length).toBeGreaterThan(0);
  await installer.restart();
  expect(logged.join('')).toContain('EnsureInstall');
  const sinks = [...everything, ...logged, ...events.map(({ payload }) => payload.toString('latin1'))];
  for (const text of forbidden) expect(sinks.filter((sink) => sink.includes(text))).toEqual([]);
});

test('a live order keeps its install; a free one is deleted by its member, completely', async () => {
  const ordered = await installer.ensure(installer.aProduct());
  for (const person of ['buyer', 'seller'] as const) {
    const { metadata } = await expectError(
      installer.as(person).installs.deleteInstall({ id: ordered.id }),
      Code.FailedPrecondition,
      'ORDER_LIVE',
    );
    expect(metadata).toMatchObject({ order_id: ordered.orderId });
  }
  const { id, productId } = await made();
  await installer.until(id, InstallState.RUNNING);
  const usage = peerClient(UsageService, {
    baseUrl: installer.url,
    audience: 'installer',
    identity: installer.keys.identityOf('catalog'),
  });
  const used = () => usage.getUsage({ subject: { case: 'productId', value: productId } });
  expect(await used()).toMatchObject({ count: 1, exampleIds: [id] });
  const { install } = await installer.as('seller').installs.deleteInstall({ id });
  expect(install).toMatchObject({ state: InstallState.DELETING });
  await installer.as('seller').installs.deleteInstall({ id });
  await installer.until(id, InstallState.DELETED);
  expect(await objectsOf(installer.kubernetes, id)).toEqual([]);
  expect(await used()).toMatchObject({ count: 0, exampleIds: [] });
  const listed = async (showDeleted: boolean) =>
    (await installer.as('seller').installs.listInstalls({ productId, showDeleted })).installs.length;
  expect([await listed(false), await listed(true)]).toEqual([0, 1]);
  expect((await factsOf(installer, id)).map(({ fact }) => fact).at(-1)).toBe('deleted');
});

test('lists come in pages, newest first, each install once', async () => {
  const { id: productId } = installer.aProduct(offer);
  const ids: string[] = [];
  for (let count = 0; count < 5; count += 1) ids.push((await made({ productId })).id);
  const seen: string[] = [];
  let pageToken = '';
  do {
    const page = await installer.as('seller').installs.listInstalls({ productId, pageSize: 2, pageToken });
    expect(page.installs.length).toBeLessThanOrEqual(2);
    seen.push(...page.installs.map(({ id }) => id));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(seen).toEqual(ids.toReversed());
  await expectError(
    installer.as('seller').installs.listInstalls({ pageToken: 'nonsense' }),
    Code.InvalidArgument,
    'PAGE_TOKEN_INVALID',
  );
});
