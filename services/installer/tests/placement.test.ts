// Which cluster an install goes to, and what billing is told before anybody pays.
import { newId } from '@cnap/ids';
import { startKubesim } from '@cnap/kubesim';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import type { PlacementCandidate } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { PlacementService } from '@cnap/proto/cnap/installer/v1/placement_service';
import { peerClient } from '@cnap/rpc';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { chartOf } from './charts.ts';
import { addFault, factsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
let cluster: PlacementCandidate;
beforeAll(async () => {
  installer = await startTestInstaller();
});
beforeEach(() => {
  cluster = installer.peers.aCluster(installer.sim.kubeconfig);
});
afterAll(() => installer[Symbol.asyncDispose]());

const check = (productId: string, regionId = cluster.regionId) =>
  peerClient(PlacementService, {
    baseUrl: installer.url,
    audience: 'installer',
    identity: installer.keys.identityOf('billing'),
  }).checkFit({ productId, regionId });
const here = (change: Parameters<TestInstaller['aProduct']>[0] = {}) =>
  installer.aProduct({ clusterIds: [cluster.clusterId], ...change });
const small = { cpuMillis: 1n, memoryBytes: 1n, pods: 1n, nodes: 1 };

test('what fits is said to fit, with the cluster for the seller', async () => {
  expect(await check(here().id)).toMatchObject({
    fits: true,
    reason: '',
    regionOffered: true,
    clusters: [{ clusterId: cluster.clusterId, chosen: true }],
  });
});

test.each<[string, () => Parameters<TestInstaller['aProduct']>[0]]>([
  ['CLUSTER_UNAVAILABLE', () => ((cluster.state = ClusterState.ERROR), {})],
  ['KUBERNETES_VERSION', () => ({ package: { kubernetesVersionRange: '>=1.99.0' } })],
  [
    'CLUSTER_WIDE_OBJECTS_FORBIDDEN',
    () => {
      if (cluster.settings) cluster.settings.clusterWideObjectsForbidden = true;
      const kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', clusterWide: true };
      return { package: { kinds: [kind] } };
    },
  ],
  ['INSTALL_LIMITS', () => ({ package: { needs: { cpuMillis: 5_000n, memoryBytes: 1n, pods: 1 } } })],
  ['NO_ROOM', () => (Object.assign(cluster.capacity ?? {}, small), {})],
  ['PACKAGE_NOT_READY', () => ({ package: null })],
])('%s', async (reason, prepare) => {
  const { id } = here(prepare());
  const fit = await check(id);
  expect(fit).toMatchObject({ fits: false, reason, regionOffered: true });
  expect(fit.message).not.toBe('');
  expect(fit.message).not.toContain(cluster.clusterId);
});

test('a region that is not offered, a product that is not there', async () => {
  expect(await check(here().id, newId('reg'))).toMatchObject({
    fits: false,
    reason: 'NO_CLUSTER',
    regionOffered: false,
  });
  await expect(check(newId('prd'))).rejects.toMatchObject({ reason: 'PRODUCT_NOT_FOUND' });
});

test('the emptier cluster is chosen; reasons are recorded for the seller and hidden from the buyer', async () => {
  const { regionId } = cluster;
  const full = installer.peers.aCluster(installer.sim.kubeconfig, { regionId, capacity: small });
  const product = here({ clusterIds: [cluster.clusterId, full.clusterId] });
  const first = await installer.ensure(product, { regionId });
  await installer.until(first.id, InstallState.RUNNING);
  const third = installer.peers.aCluster(installer.sim.kubeconfig, { regionId });
  const wider = here({ clusterIds: [cluster.clusterId, full.clusterId, third.clusterId] });
  const { id } = await installer.ensure(wider, { regionId });
  const seller = await installer.until(id, InstallState.RUNNING);
  expect(seller.clusterId).toBe(third.clusterId);
  expect(Object.fromEntries(seller.placement.map((one) => [one.clusterId, one.message]))).toEqual({
    [cluster.clusterId]: 'fits, and has 1 installs',
    [full.clusterId]: 'has no room: short of CPU, memory, pods',
    [third.clusterId]: 'fits, and has the fewest installs (0)',
  });
  expect(await installer.get(id, 'buyer')).toMatchObject({ clusterId: '', placement: [] });
});

test('ten at once do not take the room of three', async () => {
  Object.assign(cluster.capacity ?? {}, { pods: 6n });
  const product = here();
  const { regionId } = cluster;
  const made = await Promise.all(Array.from({ length: 10 }, () => installer.ensure(product, { regionId })));
  const states = () => Promise.all(made.map(async ({ id }) => (await installer.get(id)).state));
  await eventually(async () => {
    const now = await states();
    expect(now.filter((state) => state === InstallState.RUNNING)).toHaveLength(3);
    expect(now.filter((state) => state === InstallState.PLACING)).toHaveLength(7);
  });
});

test('without room it is PLACING and says why; with room it goes on', async () => {
  Object.assign(cluster.capacity ?? {}, small);
  const { id } = await installer.ensure(here(), { regionId: cluster.regionId });
  const waiting = await installer.until(id, InstallState.PLACING, 'buyer');
  expect(waiting).toMatchObject({
    reason: 'NO_ROOM',
    message: 'There is no room in this region at the moment.',
    conditions: [{ type: 'Placed', met: false }],
  });
  Object.assign(cluster.capacity ?? {}, { cpuMillis: 8_000n, memoryBytes: 8_000_000_000n, pods: 110n });
  await installer.until(id, InstallState.RUNNING);
  expect((await factsOf(installer, id)).map(({ fact }) => fact)).toEqual(['created', 'deploying', 'ready']);
});

/** A chart that brings a ClusterRole of a name that all of its installs share, and what a cluster may not have. */
const bringing = (name: string, more: Record<string, string> = {}) => {
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: [],
  };
  return {
    chart: chartOf({ 'role.yaml': JSON.stringify(role), ...more }),
    package: { kinds: [{ apiVersion: role.apiVersion, kind: role.kind, clusterWide: true }] },
  };
};
const clusterRole = (name: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
});

test('what somebody else has on the cluster is found before anybody pays, and another cluster is taken', async () => {
  const name = 'somebody-elses';
  await installer.kubernetes.apply(clusterRole(name), { fieldManager: 'somebody' });
  const bad = JSON.stringify({ apiVersion: 'no.such/v1', kind: 'Thing', metadata: { name: 'x' } });
  const alone = here(bringing(name, { 'thing.yaml': bad }));
  const fit = await check(alone.id);
  expect(fit).toMatchObject({
    fits: false,
    reason: 'OBJECT_TAKEN',
    message: 'The software can be installed once in this region, and is there already.',
  });
  expect(fit.clusters[0]?.message).toBe(
    'has no kind Thing of no.such/v1, which the package brings; ' +
      'has a ClusterRole somebody-elses already, made by somebody else',
  );

  await using empty = await startKubesim();
  const { regionId } = cluster;
  const other = installer.peers.aCluster(empty.kubeconfig, { regionId });
  const product = here({ ...bringing(name), clusterIds: [cluster.clusterId, other.clusterId] });
  expect(await check(product.id)).toMatchObject({ fits: true });
  const { id } = await installer.ensure(product, { regionId });
  const { clusterId, placement } = await installer.until(id, InstallState.RUNNING);
  expect(clusterId).toBe(other.clusterId);
  expect(Object.fromEntries(placement.map((one) => [one.clusterId, one.message]))).toEqual({
    [cluster.clusterId]: 'has a ClusterRole somebody-elses already, made by somebody else',
    [other.clusterId]: 'fits, and has the fewest installs (0)',
  });
  // The second install of it has no place any more, and no money is taken for it.
  const second = await check(product.id);
  expect(second).toMatchObject({ fits: false, reason: 'OBJECT_TAKEN' });
  expect(second.clusters[1]?.message).toBe(`has a ClusterRole somebody-elses already, of install ${id}`);
});

test('one that is paid already waits until the place is free', async () => {
  const name = 'in-the-way';
  await installer.kubernetes.apply(clusterRole(name), { fieldManager: 'somebody' });
  const { id } = await installer.ensure(here(bringing(name)), { regionId: cluster.regionId });
  expect(await installer.until(id, InstallState.PLACING, 'buyer')).toMatchObject({ reason: 'OBJECT_TAKEN' });
  const { apiVersion, kind } = clusterRole(name);
  await installer.kubernetes.delete({ apiVersion, kind, name });
  await installer.until(id, InstallState.RUNNING);
});

test('a cluster that does not answer is no place, and costs the check seconds only', async () => {
  await using silent = await startKubesim();
  await addFault(silent, { kind: 'black-hole' });
  const { regionId, clusterId } = cluster;
  const dead = installer.peers.aCluster(silent.kubeconfig, { regionId });
  const product = here({ ...bringing('free'), clusterIds: [dead.clusterId] });
  expect(await check(product.id, regionId)).toMatchObject({ fits: false, reason: 'CLUSTER_UNAVAILABLE' });
  const wider = here({ ...bringing('free'), clusterIds: [dead.clusterId, clusterId] });
  expect(await check(wider.id, regionId)).toMatchObject({ fits: true });
});

test('room that others take is no room', async () => {
  Object.assign(cluster.capacity ?? {}, { pods: 10n, foreignPods: 9n });
  expect(await check(here().id)).toMatchObject({ fits: false, reason: 'NO_ROOM' });
  Object.assign(cluster.capacity ?? {}, { foreignPods: 8n });
  expect(await check(here().id)).toMatchObject({ fits: true });
});
