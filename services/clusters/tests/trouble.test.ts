// Clusters that cannot be used for a while: told in time and by the right name, and back by themselves.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, formatKubeconfig, parseKubeconfig } from '@cnap/kubernetes';
import { startKubesim } from '@cnap/kubesim';
import { startKubernetes } from '@cnap/programs';
import { ClusterState, type Cluster } from '@cnap/proto/cnap/clusters/v1/cluster';
import { eventually, realKubernetes, startFaultProxy, type ProxyFault } from '@cnap/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { readFacts } from './facts.ts';
import { aServiceAccount } from './service-account.ts';
import { startTestClusters } from './test-clusters.ts';

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
const clusters = parts.use(
  await startTestClusters({ pace: { lookAgainMs: 50, unreachableAfterMs: 200, capacityEveryMs: 100 } }),
);
const kubesim = parts.use(await startKubesim());
const real = await realKubernetes();
if (real) parts.use(real);
const member = clusters.as('member').clusters;
const regionId = await clusters.aRegion();

beforeEach(async () => {
  await clusters.sql('delete from clusters; delete from reconcile_task');
});

async function anImport(kubeconfig: string): Promise<string> {
  const { cluster } = await member.importCluster({ name: 'Prod', regionId, kubeconfig });
  return cluster?.id ?? '';
}

const until = (id: string, state: ClusterState, reason = ''): Promise<Cluster> =>
  eventually(async () => {
    const { cluster } = await member.getCluster({ id });
    expect(cluster).toMatchObject({ state, stateReason: reason });
    return cluster as Cluster;
  });

async function factsOf(id: string): Promise<string[]> {
  const facts = (await readFacts(clusters.nats)).filter(({ resourceId }) => resourceId === id);
  return facts
    .map(({ type }) => type.replace('clusters.v1.cluster.', ''))
    .filter((fact) => fact !== 'updated');
}

/** The way to a cluster leads through the proxy from now on. */
async function behindProxy(kubeconfig: string) {
  const { ca, ...config } = parseKubeconfig(kubeconfig);
  const proxy = await startFaultProxy(config.server, ca);
  return { proxy, kubeconfig: formatKubeconfig({ ...config, server: proxy.url }) };
}

const namespace = (uid: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'kube-system', uid },
});
const platforms = [
  { name: 'kubesim', kubeconfig: kubesim.kubeconfig },
  { name: 'real Kubernetes', kubeconfig: real?.kubeconfig },
];

describe.each(platforms)('on $name', ({ kubeconfig = '' }) => {
  test.skipIf(!kubeconfig).each<[string, ProxyFault, string]>([
    ['refuses connections', { kind: 'refuse' }, 'NO_ANSWER'],
    ['has lost its database', { kind: 'answer', status: 503, match: /namespaces/ }, 'CLUSTER_FAILS'],
    [
      'was made anew',
      { kind: 'answer', status: 200, body: namespace('another'), match: /kube-system/ },
      'ANOTHER_CLUSTER',
    ],
  ])('a cluster that %s', async (_, fault, reason) => {
    const behind = await behindProxy(kubeconfig);
    await using proxy = behind.proxy;
    const id = await anImport(behind.kubeconfig);
    proxy.fail(fault);
    const { stateMessage } = await until(id, ClusterState.UNREACHABLE, reason);
    expect(stateMessage).not.toBe('');
    proxy.heal();
    expect((await until(id, ClusterState.RUNNING)).stateMessage).toBe('');
    await eventually(async () =>
      expect(await factsOf(id)).toEqual(['created', 'running', 'unreachable', 'recovered']),
    );
  });

  test.skipIf(!kubeconfig)(
    'a cluster that asks to be left alone is left alone, and is not gone',
    async () => {
      const behind = await behindProxy(kubeconfig);
      await using proxy = behind.proxy;
      const id = await anImport(behind.kubeconfig);
      const looks = () => proxy.requests.filter((line) => line.endsWith('/version')).length;
      proxy.fail({ kind: 'answer', status: 429, headers: { 'retry-after': '1' } });
      const before = looks();
      const began = performance.now();
      await eventually(() => expect(looks()).toBeGreaterThan(before + 1));
      // At its usual pace it would have looked twenty times a second.
      expect(performance.now() - began).toBeGreaterThan(900);
      proxy.heal();
      const observedAt = (await member.getCluster({ id })).cluster?.observeTime;
      await eventually(async () =>
        expect((await until(id, ClusterState.RUNNING)).observeTime).not.toEqual(observedAt),
      );
      expect(await factsOf(id)).toEqual(['created', 'running']);
    },
  );

  test.skipIf(!kubeconfig)('credentials that end are told as such; new ones mend it at once', async () => {
    await using first = await aServiceAccount(kubeconfig);
    await first.grant([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
    const id = await eventually(() => anImport(first.kubeconfig));
    await first.withdraw();
    const withdrawn = await until(id, ClusterState.UNREACHABLE, 'PERMISSIONS_MISSING');
    expect(withdrawn.stateMessage).toContain('kube-system');
    await first.end();
    const ended = await until(id, ClusterState.UNREACHABLE, 'CREDENTIALS_REFUSED');
    expect(ended.stateMessage).toContain('Replace the kubeconfig');
    await member.updateCluster({ id, kubeconfig });
    await until(id, ClusterState.RUNNING);
  });

  test.skipIf(!kubeconfig)('what others take is no room for installs', async () => {
    const id = await anImport(kubeconfig);
    await using admin = connect(parseKubeconfig(kubeconfig));
    const own = { fieldManager: 'test' };
    const apply = (name: string, kind: string, more: object, within?: string) =>
      admin.apply(
        { apiVersion: 'v1', kind, metadata: { name, ...(within && { namespace: within }) }, ...more },
        own,
      );
    const before = (await until(id, ClusterState.RUNNING)).capacity;
    const spec = {
      containers: [
        { name: 'a', image: 'a', resources: { requests: { cpu: '250m', memory: '64Mi' } } },
        { name: 'b', image: 'b' },
      ],
    };
    const labels = { 'cnap.tech/install': 'ins_1' };
    for (const name of ['others', 'installs']) {
      const metadata = { name, ...(name === 'installs' ? { labels } : {}) };
      await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata }, own);
      await eventually(() => apply('default', 'ServiceAccount', {}, name));
      await apply('pod', 'Pod', { spec }, name);
    }
    await eventually(async () => {
      const { capacity } = await until(id, ClusterState.RUNNING);
      expect(Number(capacity?.foreignCpuMillis) - Number(before?.foreignCpuMillis)).toBe(250);
      expect(Number(capacity?.foreignMemoryBytes) - Number(before?.foreignMemoryBytes)).toBe(64 * 2 ** 20);
      expect(Number(capacity?.foreignPods) - Number(before?.foreignPods)).toBe(1);
      expect(capacity?.cpuMillis).toBe(before?.cpuMillis);
    });
    for (const name of ['others', 'installs'])
      await admin.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  });
});

test.skipIf(!process.env['KUBEBUILDER_ASSETS'])(
  'an API server that restarts is back by itself; one with another CA needs its kubeconfig',
  async () => {
    await using folder = await scratch();
    await using own = await startKubernetes({ dataDir: folder.path });
    const id = await anImport(own.kubeconfig);
    await own.stopApiServer();
    await until(id, ClusterState.UNREACHABLE, 'NO_ANSWER');
    await own.startApiServer();
    await until(id, ClusterState.RUNNING);

    await own.stopApiServer();
    const kubeconfig = await own.startApiServer({ newAuthority: true });
    const { stateMessage } = await until(id, ClusterState.UNREACHABLE, 'CERTIFICATE_UNTRUSTED');
    expect(stateMessage).toContain('replace the kubeconfig');
    await member.updateCluster({ id, kubeconfig });
    await until(id, ClusterState.RUNNING);
    await eventually(async () =>
      expect((await factsOf(id)).slice(2)).toEqual(['unreachable', 'recovered', 'unreachable', 'recovered']),
    );
  },
);

async function scratch() {
  const path = await mkdtemp(join(tmpdir(), 'cnap-kubernetes-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
