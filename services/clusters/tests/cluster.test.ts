import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { startKubesim, type Kubesim } from '@cnap/kubesim';
import { connect, parseKubeconfig } from '@cnap/kubernetes';
import { ClusterState, type Cluster } from '@cnap/proto/cnap/clusters/v1/cluster';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { readFacts } from './facts.ts';
import { startTestClusters, type Clients } from './test-clusters.ts';

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
const clusters = parts.use(
  await startTestClusters({ pace: { lookAgainMs: 50, unreachableAfterMs: 200, capacityEveryMs: 100 } }),
);
const kubesim = parts.use(await startKubesim({ nodes: 2 }));
const member = clusters.as('member').clusters;
const regionId = await clusters.aRegion();

async function anImport(from: Kubesim, name = 'Prod'): Promise<Cluster> {
  const { cluster } = await member.importCluster({ name, regionId, kubeconfig: from.kubeconfig });
  if (!cluster) throw new Error('no cluster');
  return cluster;
}

let prod: Cluster;
beforeAll(async () => {
  prod = await anImport(kubesim);
});

async function factsOf(id: string): Promise<string[]> {
  const facts = (await readFacts(clusters.nats)).filter(({ resourceId }) => resourceId === id);
  return facts.map(({ type }) => type.replace('clusters.v1.cluster.', ''));
}

test('a cluster that goes away becomes unreachable, and running again when it is back', async () => {
  const data = await mkdtemp(join(tmpdir(), 'cnap-kubesim-'));
  try {
    const first = await startKubesim({ data });
    const { id } = await anImport(first, 'Shaky');
    const states: ClusterState[] = [];
    const leave = new AbortController();
    const watching = (async () => {
      for await (const { cluster } of member.watchCluster({ id }, { signal: leave.signal })) {
        const state = cluster?.state ?? ClusterState.UNSPECIFIED;
        if (states.at(-1) !== state) states.push(state);
        if (states.length === 2) expect(cluster?.stateMessage).not.toBe('');
        if (states.length === 3) return;
      }
    })();
    await eventually(() => states.length === 1);
    await first[Symbol.asyncDispose]();
    await eventually(() => states.length === 2);
    await using again = await startKubesim({ data, port: first.port });
    await watching;
    expect(again.port).toBe(first.port);
    expect(states).toEqual([ClusterState.RUNNING, ClusterState.UNREACHABLE, ClusterState.RUNNING]);
    await eventually(async () => {
      const facts = await factsOf(id);
      expect(facts.filter((fact) => fact !== 'updated')).toEqual([
        'created',
        'running',
        'unreachable',
        'recovered',
      ]);
    });
    await member.deleteCluster({ id });
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test('a cluster that hangs holds up no other', async () => {
  await using slow = await startKubesim();
  const { id } = await anImport(slow, 'Slow');
  const body = JSON.stringify({ kind: 'black-hole' });
  const headers = { authorization: `Bearer ${slow.token}`, 'content-type': 'application/json' };
  await fetch(`${slow.url}/_sim/faults`, { method: 'POST', headers, body });
  const lastSeen = async () => (await member.getCluster({ id: prod.id })).cluster?.observeTime;
  const before = await lastSeen();
  await eventually(async () => {
    expect((await member.getCluster({ id })).cluster?.state).toBe(ClusterState.UNREACHABLE);
  });
  expect(await lastSeen()).not.toEqual(before);
  expect((await member.getCluster({ id: prod.id })).cluster?.state).toBe(ClusterState.RUNNING);
  await member.deleteCluster({ id });
});

test('its room is observed, in whatever form Kubernetes writes quantities', async () => {
  await using admin = connect(parseKubeconfig(kubesim.kubeconfig), {});
  const [node] = await admin.list({ apiVersion: 'v1', kind: 'Node' });
  const ref = { apiVersion: 'v1', kind: 'Node', name: node?.metadata.name ?? '' };
  const allocatable = { cpu: '1500m', memory: '1.5Gi', pods: '20k' };
  await admin.patch(ref, { status: { allocatable } }, { subresource: 'status' });
  await eventually(async () => {
    const { capacity } = (await member.getCluster({ id: prod.id })).cluster ?? {};
    expect(capacity?.nodes).toBe(2);
    expect(capacity?.pods).toBeGreaterThan(20_000n);
    expect((capacity?.cpuMillis ?? 0n) % 1_000n).toBe(500n);
    expect(capacity?.memoryBytes).toBeGreaterThan(1_610_612_736n);
  });
});

test('name, region and settings are changed one by one', async () => {
  const id = prod.id;
  const elsewhere = await clusters.aRegion('Elsewhere');
  const settings = { namespacePrefix: 'shop-', installLimits: { cpu: '2', memory: '4Gi' }, monitoring: true };
  await member.updateCluster({ id, settings });
  await member.updateCluster({ id, regionId: elsewhere });
  const { cluster } = await member.updateCluster({ id, name: 'Production' });
  expect(cluster).toMatchObject({ name: 'Production', regionId: elsewhere, settings });
  expect((await member.listClusters({ regionId: elsewhere })).clusters.map((one) => one.id)).toEqual([id]);
  for (const etag of [prod.etag, 'none of ours', '9'.repeat(40)]) {
    await expectError(member.updateCluster({ id, name: 'Late', etag }), Code.Aborted, 'ETAG_MISMATCH');
  }
  const lost = await expectError(
    member.updateCluster({ id, regionId: newId('reg') }),
    Code.InvalidArgument,
    'REGION_NOT_FOUND',
  );
  expect(lost.fields.map(({ field }) => field)).toEqual(['region_id']);
  await expectError(
    member.updateCluster({ id, settings: { namespacePrefix: 'Not A Label' } }),
    Code.InvalidArgument,
  );
  await eventually(async () => expect(await factsOf(id)).toContain('updated'));
  await member.updateCluster({ id, regionId });
});

test('a new kubeconfig leads to the same cluster, or is refused', async () => {
  await using other = await startKubesim();
  await expectError(
    member.updateCluster({ id: prod.id, kubeconfig: other.kubeconfig }),
    Code.InvalidArgument,
    'KUBECONFIG_INVALID',
  );
  const credential = () =>
    clusters.asService('installer').credentials.getClusterCredential({ clusterId: prod.id });
  const before = await credential();
  const response = await fetch(`${kubesim.url}/_sim/tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${kubesim.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'second',
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
    }),
  });
  const { kubeconfig, token } = (await response.json()) as { kubeconfig: string; token: string };
  await member.updateCluster({ id: prod.id, kubeconfig });
  const after = await credential();
  expect(parseKubeconfig(after.kubeconfig).token).toBe(token);
  expect(after.revision).not.toBe(before.revision);
});

test('a cluster with installs stays; one without is deleted, and its watchers are told', async () => {
  await using other = await startKubesim();
  const { id } = await anImport(other, 'Old');
  const install = newId('ins');
  clusters.installs.set(id, [install]);
  const error = await expectError(member.deleteCluster({ id }), Code.FailedPrecondition, 'CLUSTER_IN_USE');
  expect(error.message).toContain(install);
  clusters.installs.delete(id);
  let seen = 0;
  const watching = (async () => {
    for await (const _ of member.watchCluster({ id })) seen += 1;
  })();
  await eventually(() => seen > 0);
  await member.deleteCluster({ id });
  await watching;
  await expectError(member.getCluster({ id }), Code.NotFound, 'CLUSTER_NOT_FOUND');
  await eventually(async () => expect((await factsOf(id)).at(-1)).toBe('deleted'));
});

test('what a cluster is left out of the answers: its credentials', async () => {
  const { token } = parse(kubesim.kubeconfig).users[0].user as { token: string };
  const everything = [await member.getCluster({ id: prod.id }), await member.listClusters({})];
  expect(stringify(everything)).not.toContain(token);
});

test('the kubeconfig is given to the installer alone', async () => {
  const request = { clusterId: prod.id };
  const given = await clusters.asService('installer').credentials.getClusterCredential(request);
  expect(given.workspaceId).toBe(clusters.keys.workspaceId);
  expect(parseKubeconfig(given.kubeconfig).server).toBe(kubesim.url);
  for (const service of ['catalog', 'billing', 'gateway', 'identity'] as const) {
    await expectError(
      clusters.asService(service).credentials.getClusterCredential(request),
      Code.PermissionDenied,
      'PERMISSION_DENIED',
    );
  }
  await expectError(
    clusters.as('owner').credentials.getClusterCredential(request),
    Code.PermissionDenied,
    'PERMISSION_DENIED',
  );
  await expectError(
    clusters.asService('installer').credentials.getClusterCredential({ clusterId: newId('clu') }),
    Code.NotFound,
    'CLUSTER_NOT_FOUND',
  );
});

test('an imported cluster has no kubeconfig of ours, whoever asks', async () => {
  const read = (person: 'owner' | 'stranger' | 'viewer', id = prod.id) =>
    clusters.as(person).kubeconfigs.createKubeconfig({ id });
  const error = await expectError(read('owner'), Code.NotFound, 'CLUSTER_NOT_MANAGED');
  expect(error.message).toContain('imported');
  await expectError(read('owner', newId('clu')), Code.NotFound, 'CLUSTER_NOT_FOUND');
  await expectError(read('stranger'), Code.NotFound, 'CLUSTER_NOT_FOUND');
  await expectError(read('viewer'), Code.PermissionDenied);
  expect((await member.getCluster({ id: prod.id })).cluster?.managedControlPlane).toBeUndefined();
});

test('services ask where installs could go and what is in use', async () => {
  const installer = clusters.asService('installer');
  const { candidates } = await installer.placements.listPlacementCandidates({ clusterIds: [prod.id] });
  expect(candidates).toMatchObject([
    { clusterId: prod.id, regionId, regionName: 'Frankfurt', state: ClusterState.RUNNING },
  ]);
  const nowhere = await installer.placements.listPlacementCandidates({
    clusterIds: [prod.id],
    regionId: newId('reg'),
  });
  expect(nowhere.candidates).toEqual([]);
  const usage = (value: string) =>
    clusters.asService('identity').usage.getUsage({ subject: { case: 'workspaceId', value } });
  expect(await usage(clusters.keys.workspaceId)).toMatchObject({ count: 1, exampleIds: [prod.id] });
  expect(await usage(clusters.keys.strangerWorkspaceId)).toMatchObject({ count: 0 });
});

const strangers: [string, (clients: Clients) => Promise<unknown>][] = [
  ['GetCluster', (c) => c.clusters.getCluster({ id: prod.id })],
  ['UpdateCluster', (c) => c.clusters.updateCluster({ id: prod.id, name: 'mine' })],
  ['DeleteCluster', (c) => c.clusters.deleteCluster({ id: prod.id })],
  ['WatchCluster', (c) => c.clusters.watchCluster({ id: prod.id })[Symbol.asyncIterator]().next()],
  ['ImportCluster', (c) => c.clusters.importCluster({ name: 'x', regionId, kubeconfig: kubesim.kubeconfig })],
  ['GetRegion', (c) => c.regions.getRegion({ id: regionId })],
  ['UpdateRegion', (c) => c.regions.updateRegion({ id: regionId, name: 'mine' })],
  ['DeleteRegion', (c) => c.regions.deleteRegion({ id: regionId })],
];

describe('another workspace', () => {
  test.each(strangers)('%s finds nothing and does nothing', async (_, call) => {
    const rows = () =>
      clusters.sql('select id, name, region_id from clusters union all select id, name, null from regions');
    const before = await rows();
    const error = await expectError(call(clusters.as('stranger')), Code.NotFound);
    expect(error.reason).toMatch(/^(CLUSTER|REGION)_NOT_FOUND$/);
    expect(await rows()).toEqual(before);
  });

  test('lists nothing', async () => {
    const stranger = clusters.as('stranger');
    expect((await stranger.clusters.listClusters({})).clusters).toEqual([]);
    expect((await stranger.regions.listRegions({})).regions).toEqual([]);
  });

  test('sees nothing even when the WHERE is missing', async () => {
    const { db } = clusters.database;
    const seen = await db.inWorkspace(clusters.keys.strangerWorkspaceId, async (tx) => [
      await tx.selectFrom('clusters').selectAll().execute(),
      await tx.selectFrom('regions').selectAll().execute(),
    ]);
    expect(seen).toEqual([[], []]);
  });
});

test('a region that a cluster is moved to at the same moment is not deleted', async () => {
  const { db } = clusters.database;
  const region = await clusters.aRegion('Contested');
  let deleting: Promise<unknown> = Promise.resolve();
  await db.acrossWorkspaces(async (tx) => {
    await tx.updateTable('clusters').set({ region_id: region }).where('id', '=', prod.id).execute();
    deleting = expectError(
      clusters.as('owner').regions.deleteRegion({ id: region }),
      Code.FailedPrecondition,
      'REGION_IN_USE',
    );
    await eventually(async () => {
      const [waiting] = await clusters.sql(
        `select count(*)::int as count from pg_locks join pg_stat_activity using (pid)
          where not granted and datname = current_database()`,
      );
      expect(waiting?.['count']).toBeGreaterThan(0);
    });
  });
  await deleting;
  await member.updateCluster({ id: prod.id, regionId });
  await clusters.as('owner').regions.deleteRegion({ id: region });
});
