import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  CapacitySchema,
  ClusterKind,
  ClusterSchema,
  ClusterSettingsSchema,
  ClusterState,
  ManagedControlPlaneSchema,
  ManagedControlPlaneState,
  type Capacity,
  type Cluster,
  type ClusterSettings,
  type ManagedControlPlane,
} from '@cnap/proto/cnap/clusters/v1/cluster';
import type { CapacityColumn, ClusterRow, ClusterStateName, SettingsColumn } from '../database.ts';

export const stateToProto: Record<ClusterStateName, ClusterState> = {
  running: ClusterState.RUNNING,
  unreachable: ClusterState.UNREACHABLE,
  error: ClusterState.ERROR,
  deleting: ClusterState.DELETING,
};

/** People do not see that a control plane of ours cannot be reached, but that something is wrong with it. */
const controlPlaneStates: Record<ClusterStateName, ManagedControlPlaneState> = {
  running: ManagedControlPlaneState.RUNNING,
  unreachable: ManagedControlPlaneState.DEGRADED,
  error: ManagedControlPlaneState.ERROR,
  deleting: ManagedControlPlaneState.DELETING,
};

const kindToProto = { managed: ClusterKind.MANAGED, imported: ClusterKind.IMPORTED };

export const capacityToProto = (capacity: CapacityColumn): Capacity =>
  create(CapacitySchema, {
    cpuMillis: BigInt(capacity.cpuMillis),
    memoryBytes: BigInt(capacity.memoryBytes),
    pods: BigInt(capacity.pods),
    nodes: capacity.nodes,
    foreignCpuMillis: BigInt(capacity.foreign?.cpuMillis ?? 0),
    foreignMemoryBytes: BigInt(capacity.foreign?.memoryBytes ?? 0),
    foreignPods: BigInt(capacity.foreign?.pods ?? 0),
  });

export const settingsToProto = (settings: SettingsColumn): ClusterSettings =>
  create(ClusterSettingsSchema, {
    namespacePrefix: settings.namespacePrefix,
    installLimits: { cpu: settings.cpuLimit, memory: settings.memoryLimit },
    clusterWideObjectsForbidden: settings.clusterWideObjectsForbidden,
    baseDomain: settings.baseDomain,
    monitoring: settings.monitoring,
  });

export const settingsFromProto = (settings: ClusterSettings | undefined): SettingsColumn => ({
  namespacePrefix: settings?.namespacePrefix || 'cnap-',
  cpuLimit: settings?.installLimits?.cpu ?? '',
  memoryLimit: settings?.installLimits?.memory ?? '',
  clusterWideObjectsForbidden: settings?.clusterWideObjectsForbidden ?? false,
  baseDomain: settings?.baseDomain ?? '',
  monitoring: settings?.monitoring ?? false,
});

const controlPlaneToProto = (row: ClusterRow): ManagedControlPlane =>
  create(ManagedControlPlaneSchema, {
    version: row.kubernetes_version,
    state: controlPlaneStates[row.state],
    stateMessage: row.state_message,
  });

export const clusterToProto = (row: ClusterRow): Cluster =>
  create(ClusterSchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    regionId: row.region_id,
    name: row.name,
    kind: kindToProto[row.kind],
    state: stateToProto[row.state],
    stateReason: row.state_reason,
    stateMessage: row.state_message,
    kubernetesVersion: row.kubernetes_version,
    server: row.server,
    settings: settingsToProto(row.settings),
    ...(row.capacity ? { capacity: capacityToProto(row.capacity) } : {}),
    ...(row.observed_at ? { observeTime: timestampFromDate(row.observed_at) } : {}),
    etag: row.version,
    createTime: timestampFromDate(row.created_at),
    updateTime: timestampFromDate(row.updated_at),
    ...(row.kind === 'managed' ? { managedControlPlane: controlPlaneToProto(row) } : {}),
  });
