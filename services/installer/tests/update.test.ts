// An install that is there becomes another: new values, new packages, earlier releases; what fails is undone once.
import { create, type JsonObject } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { PackageEventSchema } from '@cnap/proto/cnap/catalog/v1/package_event';
import { InstallState, InstallUpdatePolicy } from '@cnap/proto/cnap/installer/v1/install';
import { ReleaseState } from '@cnap/proto/cnap/installer/v1/release';
import { eventually, expectError } from '@cnap/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Overrides } from '../src/service.ts';
import { chartOf, deployment } from './charts.ts';
import { startPublisher } from './publisher.ts';
import { factsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(() => installer[Symbol.asyncDispose]());

const templates = {
  'web.yaml': deployment(),
  'config.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: "{{ .Release.Name }}" }
data: { title: {{ .Values.title | quote }} }`,
  'password.yaml': `
apiVersion: v1
kind: Secret
metadata: { name: "{{ .Release.Name }}" }
stringData: { password: "{{ randAlphaNum 20 }}" }`,
  'extra.yaml': `
{{- if .Values.extra }}
apiVersion: v1
kind: ConfigMap
metadata: { name: "{{ .Values.extra }}" }
{{- end }}`,
};
const image = 'docker.io/library/nginx:1';
const chart = (change: object = {}) => chartOf(templates, { image, title: 'one', extra: 'extra', ...change });
const sourceId = 'src_sample';

const objectOf = async (kind: string, namespace: string, name: string) =>
  installer.kubernetes.get({ apiVersion: 'v1', kind, namespace, name });
async function seen(id: string) {
  const { namespace } = await installer.get(id);
  const name = `cnap-${id.slice(-12)}`;
  const [config, secret, extra] = await Promise.all([
    objectOf('ConfigMap', namespace, name),
    objectOf('Secret', namespace, name),
    objectOf('ConfigMap', namespace, 'extra'),
  ]);
  return {
    title: (config?.['data'] as { title?: string } | undefined)?.title,
    password: JSON.stringify(secret?.['data'] ?? secret?.['stringData']),
    hasExtra: extra !== undefined,
  };
}
const override = (id: string, values: JsonObject) =>
  installer.as('seller').installs.updateInstallOverrides({ id, updates: [{ sourceId, values }] });
const untilRevision = (id: string, revision: number) =>
  eventually(async () => {
    const install = await installer.get(id);
    expect(install).toMatchObject({ state: InstallState.RUNNING, revision });
    return install;
  });
const running = async (product = installer.aProduct({ chart: chart() })) => {
  const { id } = await installer.ensure(product);
  await installer.until(id, InstallState.RUNNING);
  return id;
};
const statesOf = async (id: string) => {
  const { releases } = await installer.as('seller').releases.listReleases({ installId: id });
  return releases.map(({ state }) => state);
};

test('overrides make a release: what changed changes, passwords stay, what left the manifests goes', async () => {
  const id = await running();
  const before = await seen(id);
  expect(before).toMatchObject({ title: 'one', hasExtra: true });
  const { install } = await override(id, { title: 'two', extra: '' });
  expect(install?.id).toBe(id);
  await untilRevision(id, 2);
  expect(await seen(id)).toEqual({ title: 'two', hasExtra: false, password: before.password });
  expect(await statesOf(id)).toEqual([ReleaseState.HEALTHY, ReleaseState.SUPERSEDED]);
  expect((await factsOf(installer, id)).map(({ fact }) => fact)).toEqual([
    'created',
    'deploying',
    'ready',
    'overrides_changed',
    'updated',
  ]);
  await override(id, {});
  await untilRevision(id, 3);
  expect(await seen(id)).toEqual(before);
});

test('a chosen earlier release is applied as it was', async () => {
  const id = await running();
  const first = (await installer.get(id)).releaseId;
  const before = await seen(id);
  await override(id, { title: 'two', extra: '' });
  await untilRevision(id, 2);
  await installer.as('seller').installs.rollbackInstall({ id, releaseId: first });
  await untilRevision(id, 3);
  expect(await seen(id)).toEqual(before);
  const other = await running();
  await expectError(
    installer.as('seller').installs.rollbackInstall({ id: other, releaseId: first }),
    Code.NotFound,
    'RELEASE_NOT_FOUND',
  );
});

test.each([
  ['never becomes healthy', { image: 'docker.io/library/nginx:never-pulls' }, /time/],
  ['is refused by the API', { extra: 'Not A Name' }, /Not A Name/],
  ['does not render', { title: { not: 'text' }, image: null, extra: { a: 1 } }, /./],
])('an update that %s is undone once, and stays undone', async (_, values: JsonObject, why) => {
  const id = await running(
    installer.aProduct({ chart: chart(), healthDeadline: { seconds: 10n, nanos: 0 } }),
  );
  await installer.database.db.acrossWorkspaces((tx) =>
    sql`update installs set product = jsonb_set(product, '{healthDeadlineMs}', '300') where id = ${id}`.execute(
      tx,
    ),
  );
  const before = await seen(id);
  await override(id, values);
  await eventually(async () => {
    const install = await installer.get(id);
    expect(install.state).toBe(InstallState.RUNNING);
    expect(install.revision).toBeGreaterThan(1);
    const updated = install.conditions.find(({ type }) => type === 'Updated');
    expect(updated).toMatchObject({ met: false });
    expect(updated?.message).toMatch(why);
  });
  expect(await seen(id)).toEqual(before);
  await override(id, { title: 'three' });
  await eventually(async () => expect((await seen(id)).title).toBe('three'));
});

test('an update that cannot become healthy is overtaken by the next', async () => {
  const id = await running();
  await override(id, { image: 'docker.io/library/nginx:never-pulls' });
  await installer.until(id, InstallState.UPDATING);
  await eventually(async () => expect((await installer.get(id)).message).toMatch(/image/i));
  await override(id, { title: 'two' });
  await eventually(async () => {
    expect((await installer.get(id)).state).toBe(InstallState.RUNNING);
    expect((await seen(id)).title).toBe('two');
  });
});

test('an install that is deleted while it is updated is gone', async () => {
  const product = installer.aProduct({ chart: chart() });
  const { id, orderId } = await installer.ensure(product);
  await installer.until(id, InstallState.RUNNING);
  await override(id, { image: 'docker.io/library/nginx:never-pulls', extra: 'more' });
  await installer.until(id, InstallState.UPDATING);
  const { namespace } = await installer.get(id);
  await installer.billing.endInstall({ orderId });
  await installer.until(id, InstallState.DELETED);
  expect(
    await installer.kubernetes.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace }),
  ).toBeUndefined();
});

test('only who operates an install changes it, and only what is there', async () => {
  const id = await running();
  const updates = [{ sourceId, values: { title: 'x' } }];
  await expectError(
    installer.as('buyer').installs.updateInstallOverrides({ id, updates }),
    Code.PermissionDenied,
    'OPERATOR_ONLY',
  );
  await expectError(
    installer.as('stranger').installs.updateInstallOverrides({ id, updates }),
    Code.NotFound,
    'INSTALL_NOT_FOUND',
  );
  await expectError(
    installer
      .as('seller')
      .installs.updateInstallOverrides({ id, updates: [{ sourceId: 'src_no', values: {} }] }),
    Code.InvalidArgument,
    'SOURCE_NOT_FOUND',
  );
});

test('a crash after every external call of an update changes nothing in the end', async () => {
  const id = await running();
  const before = await seen(id);
  const crashed = new Set<string>();
  const overrides: Overrides = {
    afterExternalCall(name) {
      if (crashed.has(name)) return;
      crashed.add(name);
      throw new Error(`crash after ${name}`);
    },
  };
  await installer.restart(overrides);
  await override(id, { title: 'two', extra: '' }).catch(() => override(id, { title: 'two', extra: '' }));
  await untilRevision(id, 2);
  expect([...crashed]).toEqual(
    expect.arrayContaining([
      'kubernetes.applyObjects',
      'kubernetes.observeHealth',
      'kubernetes.removeObjects',
    ]),
  );
  expect(await seen(id)).toEqual({ title: 'two', hasExtra: false, password: before.password });
  await installer.restart({ repeatExternalCalls: true });
  await override(id, { title: 'three' });
  await untilRevision(id, 3);
  expect(await seen(id)).toMatchObject({ title: 'three', password: before.password });
  await installer.restart();
});

test('a standalone install: made with its template, changed by base values, gone', async () => {
  installer.peers.build = ({ sources }) =>
    Promise.resolve({ chart: chart({ title: 'built', ...sources[0]?.values }) });
  const seller = installer.as('seller').installs;
  const request = {
    name: 'Mine',
    clusterIds: [installer.candidate.clusterId],
    sources: [{ chart: { repoUrl: 'https://charts.example.com', chart: 'app', version: '1' }, values: {} }],
    requestId: 'once',
  };
  const { installs, templateId } = await seller.createStandaloneInstall(request);
  const again = await seller.createStandaloneInstall(request);
  expect(again.installs.map(({ id }) => id)).toEqual(installs.map(({ id }) => id));
  expect(installs).toMatchObject([{ state: InstallState.PENDING, templateId, clusterId: '', productId: '' }]);
  const id = installs[0]?.id ?? '';
  await eventually(async () => expect((await installer.get(id)).message).toMatch(/being built/));
  await installer.peers.finishBuilds();
  await installer.until(id, InstallState.RUNNING);
  expect((await seen(id)).title).toBe('built');

  const [source] = installer.peers.templates.get(templateId)?.sources ?? [];
  const { packageId } = await seller.updateInstallValues({
    id,
    updates: [{ sourceId: source?.id ?? '', values: { title: 'changed' } }],
  });
  await installer.peers.finishBuilds();
  await untilRevision(id, 2);
  expect((await seen(id)).title).toBe('changed');
  expect((await installer.get(id)).packageVersion).toBe(installer.peers.packages.get(packageId)?.version);
  await seller.deleteInstall({ id });
  await installer.until(id, InstallState.DELETED);

  await expectError(
    seller.createStandaloneInstall({
      ...request,
      requestId: '',
      clusterIds: ['clu_01m7xzaj54esjs1fhe0xrmc2mq'],
    }),
    Code.NotFound,
    'CLUSTER_NOT_FOUND',
  );
});

test('a package that cannot be built fails a new install; values that build begin it again', async () => {
  const seller = installer.as('seller').installs;
  const { installs, templateId, packageId } = await seller.createStandaloneInstall({
    name: 'Mine',
    clusterIds: [installer.candidate.clusterId],
    sources: [{ chart: { repoUrl: 'https://charts.example.com', chart: 'app', version: '1' } }],
  });
  const id = installs[0]?.id ?? '';
  const pack = installer.peers.packages.get(packageId);
  if (pack) Object.assign(pack, { state: 6, stateMessage: 'There is no chart "app".' });
  await installer.until(id, InstallState.FAILED);
  expect((await installer.get(id)).message).toBe('There is no chart "app".');
  installer.peers.build = () => Promise.resolve({ chart: chart() });
  const [source] = installer.peers.templates.get(templateId)?.sources ?? [];
  await seller.updateInstallValues({ id, updates: [{ sourceId: source?.id ?? '', values: { title: 'a' } }] });
  await installer.peers.finishBuilds();
  await installer.until(id, InstallState.RUNNING);
});

test('installs move to a new package as their policy says', async () => {
  const product = installer.aProduct({ chart: chart() });
  const ids = [await running(product), await running(product)];
  await installer
    .as('seller')
    .installs.updateInstall({ id: ids[1] ?? '', name: 'Stays', updatePolicy: InstallUpdatePolicy.MANUAL });
  expect(await installer.get(ids[1] ?? '')).toMatchObject({
    name: 'Stays',
    updatePolicy: InstallUpdatePolicy.MANUAL,
  });
  const next = installer.aProduct({
    chart: chart({ title: 'next' }),
    package: { templateId: product.templateId, version: '1.0.1' },
  });
  const pack = installer.peers.products.get(next.id)?.pack;
  await using catalog = await startPublisher(installer, 'catalog');
  await catalog.publish({
    resource: 'package',
    fact: 'ready',
    version: 1,
    schema: PackageEventSchema,
    id: pack?.id ?? '',
    message: create(PackageEventSchema, {
      packageId: pack?.id ?? '',
      templateId: product.templateId,
      version: '1.0.1',
    }),
  });
  await untilRevision(ids[0] ?? '', 2);
  expect((await seen(ids[0] ?? '')).title).toBe('next');
  expect(await installer.get(ids[1] ?? '')).toMatchObject({ revision: 1, packageVersion: '1.0.0' });
});
