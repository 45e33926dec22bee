// What billing asks for: an order's install is made once, and ended for good.
import { Code } from '@cnap/client';
import { newId } from '@cnap/ids';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { OrderInstallService } from '@cnap/proto/cnap/installer/v1/order_install_service';
import { peerClient } from '@cnap/rpc';
import { withTrace } from '@cnap/telemetry';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factsOf, objectsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(() => installer[Symbol.asyncDispose]());

test('an order gets its software: states, progress, facts of one trace', async () => {
  const product = installer.aProduct();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const made = await withTrace(`00-${traceId}-b7ad6b7169203331-01`, () => installer.ensure(product));
  expect([InstallState.PENDING, InstallState.DEPLOYING]).toContain(made.state);
  const seen: { state: InstallState; applied: number }[] = [];
  for await (const { install } of installer.as('buyer').installs.watchInstall({ id: made.id })) {
    if (!install) throw new Error('no install');
    seen.push({ state: install.state, applied: install.progress?.objectsApplied ?? 0 });
    if (install.state === InstallState.RUNNING) break;
  }
  expect(seen.map(({ state }) => state)).toEqual(seen.map(({ state }) => state).toSorted((a, b) => a - b));
  expect(seen.map(({ applied }) => applied)).toEqual(
    seen.map(({ applied }) => applied).toSorted((a, b) => a - b),
  );
  const install = await installer.get(made.id, 'buyer');
  expect(install).toMatchObject({
    state: InstallState.RUNNING,
    message: '',
    revision: 1,
    packageVersion: '1.0.0',
    progress: {
      objectsApplied: 5,
      objectsTotal: 5,
      workloads: [{ kind: 'Deployment', ready: true, message: '' }],
    },
  });
  expect(install.conditions.map(({ type, met }) => [type, met])).toEqual([
    ['Placed', true],
    ['Rendered', true],
    ['Applied', true],
    ['Healthy', true],
  ]);
  expect(install.readyTime).toBeDefined();
  const facts = await factsOf(installer, made.id);
  expect(facts.map(({ fact }) => fact)).toEqual(['created', 'deploying', 'ready']);
  expect(new Set(facts.map((fact) => fact.traceId))).toEqual(new Set([traceId]));
});

test('the namespace is closed, limited and labelled; what is in it is the install’s', async () => {
  installer.peers.dockerConfigJson = JSON.stringify({
    auths: { 'ghcr.io': { auth: Buffer.from('me:it').toString('base64') } },
  });
  const { id } = await installer.ensure(installer.aProduct());
  const { namespace } = await installer.until(id, InstallState.RUNNING);
  installer.peers.dockerConfigJson = '';
  const get = (apiVersion: string, kind: string, name: string, within: string | undefined = namespace) =>
    installer.kubernetes.get({ apiVersion, kind, name, ...(within ? { namespace: within } : {}) });
  expect((await get('v1', 'Namespace', namespace, ''))?.metadata.labels).toMatchObject({
    'cnap.tech/install': id,
    'pod-security.kubernetes.io/enforce': 'baseline',
  });
  expect(await get('v1', 'ResourceQuota', 'cnap')).toMatchObject({ spec: { hard: { 'limits.cpu': '4' } } });
  expect(await get('v1', 'LimitRange', 'cnap')).toBeDefined();
  expect(await get('networking.k8s.io/v1', 'NetworkPolicy', 'cnap-isolation')).toBeDefined();
  const pull = await get('v1', 'Secret', 'cnap-pull');
  const { data } = pull as unknown as { data: Record<string, string> };
  expect(Buffer.from(data['.dockerconfigjson'] ?? '', 'base64').toString()).toContain('"username":"me"');
  const [web] = await installer.kubernetes.list({ apiVersion: 'apps/v1', kind: 'Deployment' }, { namespace });
  expect(web).toMatchObject({ spec: { template: { spec: { imagePullSecrets: [{ name: 'cnap-pull' }] } } } });
});

test('sign-ins of a registry that end to work are renewed on the cluster while the install runs', async () => {
  const signIn = (password: string) =>
    JSON.stringify({ auths: { 'ghcr.io': { auth: Buffer.from(`me:${password}`).toString('base64') } } });
  installer.peers.dockerConfigJson = signIn('first');
  installer.peers.registryLifetimeMs = 2_000;
  const { id } = await installer.ensure(installer.aProduct());
  const { namespace } = await installer.until(id, InstallState.RUNNING);
  installer.peers.dockerConfigJson = signIn('second');
  installer.peers.registryLifetimeMs = undefined;
  await eventually(async () => {
    const ref = { apiVersion: 'v1', kind: 'Secret', name: 'cnap-pull', namespace };
    const { data } = (await installer.kubernetes.get(ref)) as unknown as { data: Record<string, string> };
    expect(Buffer.from(data['.dockerconfigjson'] ?? '', 'base64').toString()).toContain(
      '"password":"second"',
    );
  });
  installer.peers.dockerConfigJson = '';
  expect(await installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision: 1 });
});

test('asked again, and ten times at once, it is the same install', async () => {
  const product = installer.aProduct();
  const orderId = newId('ord');
  const all = await Promise.all(Array.from({ length: 10 }, () => installer.ensure(product, { orderId })));
  const again = await installer.ensure(product, { orderId });
  expect(new Set([...all, again].map(({ id }) => id)).size).toBe(1);
  await installer.until(again.id, InstallState.RUNNING);
  const facts = await factsOf(installer, again.id);
  expect(facts.filter(({ fact }) => fact === 'created')).toHaveLength(1);
});

test('an order that ended before its install was made never gets one', async () => {
  const orderId = newId('ord');
  expect(await installer.billing.endInstall({ orderId })).toMatchObject({ gone: true });
  await expect(installer.ensure(installer.aProduct(), { orderId })).rejects.toMatchObject({
    kind: 'failed-precondition',
    reason: 'INSTALL_STATE',
  });
  const { installs } = await installer
    .as('seller')
    .installs.listInstalls({ showDeleted: true, pageSize: 100 });
  expect(installs.filter((install) => install.orderId === orderId)).toEqual([]);
});

test('ended after it ran, and ended again: nothing is left, and a receipt names every object', async () => {
  const orderId = newId('ord');
  const { id } = await installer.ensure(installer.aProduct(), { orderId });
  await installer.until(id, InstallState.RUNNING);
  const before = await objectsOf(installer.kubernetes, id);
  expect(before.length).toBeGreaterThan(6);
  await expectError(
    installer.as('buyer').installs.getDeletionReceipt({ installId: id }),
    Code.FailedPrecondition,
    'RECEIPT_NOT_READY',
  );
  const ended = await installer.billing.endInstall({ orderId, reason: 'The subscription ended.' });
  expect(ended).toMatchObject({
    gone: false,
    install: { state: InstallState.DELETING, message: 'The subscription ended.' },
  });
  await eventually(async () => (await installer.billing.endInstall({ orderId })).gone);
  expect(await objectsOf(installer.kubernetes, id)).toEqual([]);
  const { deletionReceipt } = await installer.as('buyer').installs.getDeletionReceipt({ installId: id });
  const receipt = deletionReceipt?.objects ?? [];
  const names = receipt.map(({ kind, name }) => `${kind} ${name}`);
  expect(names).toEqual(expect.arrayContaining(before));
  expect(receipt.every(({ outcome }) => outcome === 'deleted')).toBe(true);
  const at = (kind: string) => receipt.findIndex((object) => object.kind === kind);
  expect(at('Deployment')).toBeLessThan(at('Service'));
  expect(at('Service')).toBeLessThan(at('ConfigMap'));
  expect(receipt.at(-1)?.kind).toBe('Namespace');
  expect((await factsOf(installer, id)).map(({ fact }) => fact)).toEqual([
    'created',
    'deploying',
    'ready',
    'deleting',
    'deleted',
  ]);
  const watched = [];
  for await (const { install } of installer.as('buyer').installs.watchInstall({ id })) watched.push(install);
  expect(watched).toHaveLength(1);
});

test('what billing asks for is refused to others; a product or package that is not there is said so', async () => {
  const asCatalog = peerClient(OrderInstallService, {
    baseUrl: installer.url,
    audience: 'installer',
    identity: installer.keys.identityOf('catalog'),
  });
  await expect(asCatalog.endInstall({ orderId: newId('ord') })).rejects.toMatchObject({
    reason: 'PEER_FAILED',
  });
  await expect(installer.ensure({ ...installer.aProduct(), id: newId('prd') })).rejects.toMatchObject({
    reason: 'PRODUCT_NOT_FOUND',
  });
  await expect(installer.ensure(installer.aProduct({ package: null }))).rejects.toMatchObject({
    reason: 'PACKAGE_NOT_READY',
  });
});
