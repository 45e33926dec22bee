import { ManagedControlPlaneState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { expect, test } from 'vitest';
import type { ClusterRow } from '../database.ts';
import { clusterToProto } from './to-proto.ts';

const row = (change: Partial<ClusterRow>): ClusterRow => ({
  id: 'clu_1',
  workspace_id: 'ws_1',
  region_id: 'reg_1',
  name: 'one',
  kind: 'managed',
  state: 'running',
  state_reason: '',
  state_message: '',
  server: 'https://one.example.test',
  kubernetes_version: 'v1.36.3',
  cluster_uid: 'uid',
  sealed_kubeconfig: new Uint8Array(),
  kubeconfig_revision: '1',
  settings: {
    namespacePrefix: 'cnap-',
    cpuLimit: '',
    memoryLimit: '',
    clusterWideObjectsForbidden: false,
    baseDomain: '',
    monitoring: false,
  },
  capacity: null,
  capacity_at: null,
  observed_at: null,
  failing_since: null,
  traceparent: null,
  version: '1',
  created_at: new Date(0),
  updated_at: new Date(0),
  ...change,
});

test('a managed cluster says how its control plane is; one that cannot be reached is degraded', () => {
  const { managedControlPlane } = clusterToProto(row({ state: 'unreachable', state_message: 'no answer' }));
  expect(managedControlPlane).toMatchObject({
    version: 'v1.36.3',
    state: ManagedControlPlaneState.DEGRADED,
    stateMessage: 'no answer',
  });
  expect(clusterToProto(row({})).managedControlPlane?.state).toBe(ManagedControlPlaneState.RUNNING);
});

test('an imported one has none', () => {
  expect(clusterToProto(row({ kind: 'imported' })).managedControlPlane).toBeUndefined();
});
