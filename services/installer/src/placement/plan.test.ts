import { expect, test } from 'vitest';
import type { CandidateSeen, PackageSeen } from '../install/port.ts';
import { choose } from './plan.ts';

const settings = {
  namespacePrefix: 'cnap-',
  cpuLimit: '',
  memoryLimit: '',
  clusterWideObjectsForbidden: false,
  baseDomain: '',
};
const cluster = (clusterId: string, over: Partial<CandidateSeen> = {}): CandidateSeen => ({
  clusterId,
  workspaceId: 'ws_1',
  regionId: 'reg_1',
  regionName: 'Home',
  name: clusterId,
  running: true,
  stateMessage: '',
  kubernetesVersion: 'v1.36.3',
  capacity: { cpuMillis: 4_000, memoryBytes: 8e9, pods: 110 },
  settings,
  ...over,
});
const pack: PackageSeen = {
  id: 'pkg_1',
  version: '1.0.0',
  digest: 'sha256:0',
  needs: { cpuMillis: 500, memoryBytes: 1e9, pods: 2 },
  templateId: '',
  state: 'ready',
  stateMessage: '',
  sources: [],
  kubernetesVersionRange: '>=1.30.0-0',
  kinds: [{ apiVersion: 'apps/v1', kind: 'Deployment', clusterWide: false }],
};
const load = (installs: number, cpuMillis = 0) => ({ installs, cpuMillis, memoryBytes: 0, pods: 0 });

test('the one with the fewest installs is chosen, with reasons for all', () => {
  const choice = choose(
    [cluster('a'), cluster('b')],
    pack,
    new Map([
      ['a', load(3)],
      ['b', load(1)],
    ]),
  );
  expect(choice.chosen?.clusterId).toBe('b');
  expect(choice.judgements).toEqual([
    { clusterId: 'a', chosen: false, message: 'fits, and has 3 installs' },
    { clusterId: 'b', chosen: true, message: 'fits, and has the fewest installs (1)' },
  ]);
});

test.each([
  ['CLUSTER_UNAVAILABLE', cluster('a', { running: false, stateMessage: 'connection refused' }), pack],
  ['KUBERNETES_VERSION', cluster('a'), { ...pack, kubernetesVersionRange: '>=1.40.0-0' }],
  [
    'CLUSTER_WIDE_OBJECTS_FORBIDDEN',
    cluster('a', { settings: { ...settings, clusterWideObjectsForbidden: true } }),
    {
      ...pack,
      kinds: [{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', clusterWide: true }],
    },
  ],
  ['INSTALL_LIMITS', cluster('a', { settings: { ...settings, cpuLimit: '250m' } }), pack],
  ['INSTALL_LIMITS', cluster('a', { settings: { ...settings, memoryLimit: '512Mi' } }), pack],
  ['NO_ROOM', cluster('a', { capacity: { cpuMillis: 499, memoryBytes: 8e9, pods: 110 } }), pack],
])('%s is a reason of its own', (reason, candidate, asked) => {
  expect(choose([candidate], asked, new Map())).toMatchObject({ chosen: undefined, reason });
});

test('what runs on a cluster already takes room', () => {
  expect(choose([cluster('a')], pack, new Map([['a', load(1, 3_600)]]))).toMatchObject({ reason: 'NO_ROOM' });
});

test('the reason told is that of the cluster that came closest', () => {
  const choice = choose(
    [cluster('a', { running: false }), cluster('b', { capacity: { cpuMillis: 1, memoryBytes: 1, pods: 1 } })],
    pack,
    new Map(),
  );
  expect(choice.reason).toBe('NO_ROOM');
});

test('no cluster at all is a reason too', () => {
  expect(choose([], pack, new Map())).toMatchObject({ reason: 'NO_CLUSTER', judgements: [] });
});

test('what a cluster said itself counts last; all of it is told to the seller, one thing to the buyer', () => {
  const found = new Map([
    [
      'a',
      [
        { reason: 'OBJECT_TAKEN' as const, message: 'has a ClusterRole x already' },
        { reason: 'PERMISSIONS_MISSING' as const, message: 'lets nobody patch y' },
      ],
    ],
    ['b', []],
  ]);
  const both = choose([cluster('a'), cluster('b')], pack, new Map(), found);
  expect(both.chosen?.clusterId).toBe('b');
  const alone = choose([cluster('a')], pack, new Map(), found);
  expect(alone).toMatchObject({ chosen: undefined, reason: 'OBJECT_TAKEN' });
  expect(alone.judgements[0]?.message).toBe('has a ClusterRole x already; lets nobody patch y');
  expect(alone.message).not.toContain('ClusterRole');
  expect(choose([cluster('a', { running: false })], pack, new Map(), found).reason).toBe(
    'CLUSTER_UNAVAILABLE',
  );
});
