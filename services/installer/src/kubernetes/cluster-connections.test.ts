// One connection for all installs on a cluster, and what becomes of it when the cluster is in trouble.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKubesim } from '@cnap/kubesim';
import { connect, formatKubeconfig, parseKubeconfig } from '@cnap/kubernetes';
import { startKubernetes } from '@cnap/programs';
import { eventually, type FaultProxy, realKubernetes, startFaultProxy } from '@cnap/testing';
import { afterAll, describe, expect, test } from 'vitest';

import { ClusterConnections } from './cluster-connections.ts';
import { setUp } from './connections-driver.ts';

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
const kubesim = parts.use(await startKubesim());
const real = await realKubernetes();
if (real) parts.use(real);
const { signal } = new AbortController();

const watchesOf = (proxy: FaultProxy) =>
  [...proxy.underWay.values()]
    .filter((line) => line.includes('watch=true'))
    .map((line) => line.split('?')[0]);
const claim = (name: string, installId: string) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'default', labels: { 'cnap.tech/install': installId } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
});

const platforms = [
  { name: 'kubesim', kubeconfig: kubesim.kubeconfig },
  { name: 'real Kubernetes', kubeconfig: real?.kubeconfig },
];
describe.each(platforms)('on $name', ({ name, kubeconfig = '' }) => {
  test.skipIf(!kubeconfig)('all installs share one pool and one watch of each kind', async () => {
    await using setup = await setUp(kubeconfig, { budget: 64 });
    const { proxy, connections } = setup;
    await setup.ask(60);
    expect(setup.kept.asked).toBe(1);
    await eventually(() => expect(watchesOf(proxy)).toHaveLength(5));
    const entry = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', name: 'c', uid: 'u' };
    for (let install = 0; install < 50; install += 1)
      connections.watches('clu_1').suspects(`ins_${install}`, [entry]);
    await eventually(() => expect(watchesOf(proxy)).toContain('GET /api/v1/configmaps'));
    expect(new Set(watchesOf(proxy)).size).toBe(6);
    expect(watchesOf(proxy)).toHaveLength(6);
    expect(proxy.connections.most).toBeLessThanOrEqual(16 + 6);
  });

  test.skipIf(!kubeconfig)(
    'a watch that expired, as an answer or in the middle, misses nothing',
    async () => {
      await using setup = await setUp(kubeconfig);
      const { proxy } = setup;
      await using admin = connect(parseKubeconfig(kubeconfig));
      const apply = (install: string) => admin.apply(claim(install, install), { fieldManager: 'test' });
      const seen = (install: string) => eventually(() => expect(setup.changed).toContain(install));
      const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
      const match = /persistentvolumeclaims.*watch=true/;
      await setup.ask();
      await apply(`${name.slice(0, 4)}-1`);
      await seen(`${name.slice(0, 4)}-1`);

      // One after the other: refused at its start, then ended from within, each time with a change meanwhile.
      proxy.fail({ kind: 'answer', status: 410, body: expired, match, times: 1 });
      proxy.fail({ kind: 'answer', status: 200, body: { type: 'ERROR', object: expired }, match, times: 1 });
      const lists = () => proxy.requests.filter((line) => /persistentvolumeclaims\?limit/.test(line)).length;
      const before = lists();
      proxy.cut();
      await apply(`${name.slice(0, 4)}-2`);
      await seen(`${name.slice(0, 4)}-2`);
      await eventually(() => expect(lists()).toBe(before + 2));
      await apply(`${name.slice(0, 4)}-3`);
      await seen(`${name.slice(0, 4)}-3`);
      for (const install of [1, 2, 3]) {
        const ref = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'default' };
        await admin.delete({ ...ref, name: `${name.slice(0, 4)}-${install}` });
      }
    },
  );

  test.skipIf(!kubeconfig)(
    'credentials that were replaced are read again at once; refused ones rest',
    async () => {
      await using setup = await setUp(kubeconfig);
      const { kept, proxy, clock } = setup;
      const good = kept.kubeconfig;
      const bad = formatKubeconfig({ ...parseKubeconfig(good), token: 'expired' });
      kept.kubeconfig = bad;
      await expect(setup.ask()).rejects.toMatchObject({
        message: 'the cluster refuses the credentials',
        retryAfterMs: 5_000,
      });
      const requests = proxy.requests.length;
      await expect(setup.ask()).rejects.toMatchObject({ message: 'the cluster does not answer' });
      expect(proxy.requests).toHaveLength(requests);
      kept.kubeconfig = good;
      clock.now += 5_000;
      await setup.ask();
      expect(setup.answersAgain).toEqual(['clu_1']);

      // Another process was told of new ones, this one was not.
      proxy.fail({ kind: 'answer', status: 401, match: /version$/, times: 1 });
      kept.kubeconfig = formatKubeconfig({ ...parseKubeconfig(good), context: 'renewed' });
      await expect(setup.ask()).rejects.toMatchObject({ retryAfterMs: 50 });
      await setup.ask();
    },
  );
});

test('a cluster that asks to be left alone is left alone by all, for as long as it asks', async () => {
  await using setup = await setUp(kubesim.kubeconfig);
  const { proxy, clock } = setup;
  await setup.ask();
  proxy.fail({ kind: 'answer', status: 429, headers: { 'retry-after': '7' }, match: /version/, times: 1 });
  await expect(setup.ask()).rejects.toMatchObject({ retryAfterMs: 7_000 });
  const asked = () => proxy.requests.filter((line) => line === 'GET /version').length;
  const before = asked();
  clock.now += 6_999;
  await expect(setup.ask()).rejects.toMatchObject({ retryAfterMs: 50 });
  expect(asked()).toBe(before);
  clock.now += 1;
  await setup.ask();
});

test('after three failures nobody asks; then one does, and with its answer everybody may', async () => {
  await using setup = await setUp(kubesim.kubeconfig);
  const { proxy, clock } = setup;
  await setup.ask();
  proxy.fail({ kind: 'refuse', match: /version/ });
  for (let failure = 0; failure < 3; failure += 1)
    await expect(setup.ask()).rejects.toThrow('cannot be reached');
  const asked = () => proxy.requests.filter((line) => line === 'GET /version').length;
  const before = asked();
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => setup.ask()));
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(asked()).toBe(before);
  clock.now += 5_000;
  await Promise.allSettled(Array.from({ length: 10 }, () => setup.ask()));
  expect(asked()).toBe(before + 1);
  proxy.heal();
  clock.now += 5_000;
  await setup.ask();
  await setup.ask(10);
  expect(setup.answersAgain).toEqual(['clu_1']);
});

test('a cluster that moved is found by its new kubeconfig, though nobody told', async () => {
  await using setup = await setUp(kubesim.kubeconfig);
  await using moved = await startFaultProxy(kubesim.url);
  await setup.ask();
  await setup.proxy[Symbol.asyncDispose]();
  for (let failure = 0; failure < 3; failure += 1)
    await expect(setup.ask()).rejects.toThrow('cannot be reached');
  setup.kept.kubeconfig = formatKubeconfig({ ...parseKubeconfig(kubesim.kubeconfig), server: moved.url });
  setup.clock.now += 5_000;
  await setup.ask();
  expect(moved.requests).toContain('GET /version');
});

test('reconcilers come again when there is enough to do; people wait in a short line, and get the next place', async () => {
  await using setup = await setUp(kubesim.kubeconfig, { budget: 2, patienceMs: 60_000 });
  const { connections } = setup;
  const ends = Array.from({ length: 2 }, () => Promise.withResolvers<void>());
  const busy = ends.map(({ promise }) => connections.use('clu_1', signal, () => promise));
  await expect(setup.ask()).rejects.toMatchObject({ busy: true, retryAfterMs: 100 });
  const order: number[] = [];
  const people = Array.from({ length: 8 }, (_, person) =>
    connections.use('clu_1', signal, async () => void order.push(person), { forPeople: true }),
  );
  const ask = (who: AbortSignal) => connections.use('clu_1', who, async () => undefined, { forPeople: true });
  await expect(ask(signal), 'the line is full').rejects.toMatchObject({ busy: true });
  ends[0]?.resolve();
  await Promise.all(people);
  expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const leaving = new AbortController();
  const third = connections.use(
    'clu_1',
    signal,
    () => new Promise<void>((end) => ends.push({ resolve: end } as never)),
  );
  await expect(Promise.all([ask(leaving.signal), leaving.abort()])).rejects.toThrow('aborted');
  ends[1]?.resolve();
  ends[2]?.resolve();
  await Promise.all([...busy, third]);
  await setup.ask(2);
});

test.skipIf(!process.env['KUBEBUILDER_ASSETS'])(
  'watches go on over a restart of the API server and tell what happened meanwhile; a rotated CA is read anew',
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'cnap-kubernetes-'));
    await using stack = new AsyncDisposableStack();
    stack.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
    const own = stack.use(await startKubernetes({ dataDir }));
    const kept = { kubeconfig: own.kubeconfig };
    const changed: string[] = [];
    const connections = stack.use(
      new ClusterConnections({
        loadKubeconfig: async () => kept.kubeconfig,
        onInstallChanged: (_, installId) => changed.push(installId),
      }),
    );
    const ask = () => connections.use('clu_1', signal, (cluster) => cluster.version(signal));
    const apply = (install: string) =>
      connections.use('clu_1', signal, (cluster) =>
        cluster.apply(claim(install, install), { fieldManager: 'test' }),
      );
    await ask();
    await apply('before');
    await eventually(() => expect(changed).toContain('before'));
    await own.stopApiServer();
    await expect(ask()).rejects.toMatchObject({ name: 'ClusterUnavailable' });
    await own.startApiServer();
    await eventually(() => apply('after'));
    await eventually(() => expect(changed).toContain('after'));

    await own.stopApiServer();
    const renewed = await own.startApiServer({ newAuthority: true });
    await eventually(() =>
      expect(ask()).rejects.toThrow('its certificate is not signed by the CA of the kubeconfig'),
    );
    kept.kubeconfig = renewed;
    await eventually(() => apply('renewed'));
    await eventually(() => expect(changed).toContain('renewed'));
  },
);
