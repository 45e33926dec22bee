import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig, CoreV1Api, Watch } from '@kubernetes/client-node';
import { expect, onTestFinished, test } from 'vitest';
import type { Kubesim, KubesimOptions } from '../src/index.ts';
import { startKubesim } from '../src/index.ts';
import { openTarget } from './target.ts';

async function start(options: KubesimOptions = {}) {
  const kubesim: Kubesim = await startKubesim(options);
  onTestFinished(() => kubesim[Symbol.asyncDispose]());
  return { kubesim, target: openTarget(kubesim.kubeconfig) };
}

const space = '/api/v1/namespaces/default';
const maps = `${space}/configmaps`;
const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });

test('errors, throttling, an outage and a black hole, and their end', async () => {
  const { kubesim, target } = await start();
  await target.call('POST', '/_sim/faults', {
    kind: 'error',
    match: 'GET /api/v1/nodes',
    status: 503,
    times: 1,
  });
  expect(await target.call('GET', '/api/v1/nodes')).toMatchObject({
    code: 503,
    body: { reason: 'ServiceUnavailable' },
  });
  expect((await target.call('GET', '/api/v1/nodes')).code).toBe(200);

  await target.call('POST', '/_sim/faults', { kind: 'throttle', retryAfterSeconds: 7, times: 1 });
  const response = await fetch(`${kubesim.url}/version`, {
    headers: { authorization: `Bearer ${kubesim.token}` },
  });
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);

  const outage = await target.call('POST', '/_sim/faults', { kind: 'outage' });
  await expect(target.call('GET', '/version')).rejects.toThrow('other side closed');
  await target.call('DELETE', `/_sim/faults/${outage.body.id}`);
  expect((await target.call('GET', '/version')).code).toBe(200);

  await target.call('POST', '/_sim/faults', { kind: 'black-hole' });
  const never = fetch(`${kubesim.url}/version`, { signal: AbortSignal.timeout(200) });
  await expect(never).rejects.toThrow('timeout');
  await target.call('DELETE', '/_sim/faults');

  await target.call('POST', '/_sim/faults', { kind: 'latency', ms: 120 });
  const before = performance.now();
  await target.call('GET', '/version');
  expect(performance.now() - before).toBeGreaterThanOrEqual(119);
  expect(await target.call('POST', '/_sim/faults', { kind: 'nonsense' })).toMatchObject({ code: 400 });
});

test('watches are dropped, and a version that is too old is told 410', async () => {
  const { target } = await start();
  const { body: list } = await target.call('GET', maps);
  await using watch = await target.watch(
    `${maps}?watch=true&resourceVersion=${list.metadata.resourceVersion}`,
  );
  await target.call('POST', maps, map('a'));
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
  expect((await target.call('POST', '/_sim/drop-watches')).body).toEqual({ dropped: 1 });
  await expect(watch.next()).rejects.toThrow('other side closed');
  await target.call('POST', '/_sim/expire-history');
  await using late = await target.watch(
    `${maps}?watch=true&resourceVersion=${list.metadata.resourceVersion}`,
  );
  expect(await late.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
});

test('a minted token may do what its rules say and no more', async () => {
  const { kubesim, target } = await start();
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'], namespace: 'default' }];
  const { body } = await target.call('POST', '/_sim/tokens', { name: 'poor', rules });
  const poor = openTarget(body.kubeconfig);
  expect((await poor.call('GET', maps)).code).toBe(200);
  expect((await poor.call('GET', '/api/v1/configmaps')).body.message).toBe(
    'configmaps is forbidden: User "poor" cannot list resource "configmaps" in API group "" at the cluster scope',
  );
  expect((await poor.call('POST', '/_sim/faults', { kind: 'outage' })).code).toBe(403);
  const agent = { 'user-agent': 'kubectl/v1.36.3 (linux/amd64) kubernetes/abc' };
  expect((await fetch(`${kubesim.url}/_as/${body.token}${space}/secrets`, { headers: agent })).status).toBe(
    403,
  );
  expect((await fetch(`${kubesim.url}${maps}`)).status).toBe(401);
});

test('images can be told to be late', async () => {
  const { target } = await start();
  await target.call('POST', '/_sim/images', { pattern: 'slow', behaviour: 'late', readyAfterMs: 400 });
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'slow:1' }] },
  };
  await target.eventually(
    async () => (await target.call('GET', `${space}/serviceaccounts/default`)).code === 200,
  );
  expect((await target.call('POST', `${space}/pods`, pod)).code).toBe(201);
  const readiness = async () => {
    const { body } = await target.call('GET', `${space}/pods/p`);
    return body.status.conditions?.find((item: { type: string }) => item.type === 'Ready')?.status;
  };
  await target.eventually(async () => (await readiness()) === 'False');
  await target.eventually(async () => (await readiness()) === 'True');
});

test('state survives a restart', async () => {
  const data = await mkdtemp(join(tmpdir(), 'kubesim-data-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  const first = await startKubesim({ data });
  const before = openTarget(first.kubeconfig);
  await before.call('POST', maps, map('kept'));
  await before.call('POST', maps, map('gone'));
  await before.call('DELETE', `${maps}/gone`);
  const { body } = await before.call('GET', `${maps}/kept`);
  await first[Symbol.asyncDispose]();
  const { kubesim, target } = await start({ data, port: first.port });
  expect(kubesim.kubeconfig).toBe(first.kubeconfig);
  expect((await target.call('GET', `${maps}/kept`)).body).toEqual(body);
  expect((await target.call('GET', `${maps}/gone`)).code).toBe(404);
  const made = await target.call('POST', maps, map('later'));
  expect(Number(made.body.metadata.resourceVersion)).toBeGreaterThan(Number(body.metadata.resourceVersion));
});

test('@kubernetes/client-node lists, writes and watches', async () => {
  const { kubesim } = await start();
  const config = new KubeConfig();
  // It sends tokens over plain HTTP only when told that this is meant.
  config.loadFromString(
    kubesim.kubeconfig.replace('cluster:\n', 'cluster:\n      insecure-skip-tls-verify: true\n'),
  );
  const core = config.makeApiClient(CoreV1Api);
  const seen: string[] = [];
  const watching = Promise.withResolvers<void>();
  const controller = await new Watch(config).watch(
    maps,
    { resourceVersion: '0' },
    (type, object: { metadata: { name: string } }) => {
      seen.push(`${type} ${object.metadata.name}`);
      if (type === 'DELETED') watching.resolve();
    },
    () => watching.resolve(),
  );
  await core.createNamespacedConfigMap({
    namespace: 'default',
    body: { metadata: { name: 'n' }, data: { a: 'b' } },
  });
  const read = await core.readNamespacedConfigMap({ namespace: 'default', name: 'n' });
  expect(read.data).toEqual({ a: 'b' });
  await core.deleteNamespacedConfigMap({ namespace: 'default', name: 'n' });
  await watching.promise;
  controller.abort();
  expect(seen.slice(-2)).toEqual(['ADDED n', 'DELETED n']);
});
