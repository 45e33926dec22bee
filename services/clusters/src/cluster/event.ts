import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import type { ClusterRow } from '../database.ts';
import { stateToProto } from './to-proto.ts';

export type ClusterFactName =
  | 'created'
  | 'running'
  | 'updated'
  | 'degraded'
  | 'unreachable'
  | 'recovered'
  | 'forgotten'
  | 'deleted';

/** A fact about a cluster; the row's version numbers the facts of one cluster. */
export const clusterFact = (
  fact: ClusterFactName,
  row: ClusterRow,
  regionName: string,
  version = Number(row.version),
): Fact<typeof ClusterEventSchema> => ({
  service: 'clusters',
  resource: 'cluster',
  fact,
  id: row.id,
  version,
  workspaceIds: [row.workspace_id],
  schema: ClusterEventSchema,
  message: create(ClusterEventSchema, {
    clusterId: row.id,
    workspaceId: row.workspace_id,
    regionId: row.region_id,
    name: row.name,
    state: stateToProto[row.state],
    stateMessage: row.state_message,
    regionName,
    stateReason: row.state_reason,
    kubernetesVersion: row.kubernetes_version,
    kubeconfigRevision: row.kubeconfig_revision,
    clusterUid: row.cluster_uid,
  }),
});
