import { subscribe } from '@cnap/events';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { applyCluster } from './store.ts';

/** Keeps which clusters run, and where, for the regions of listings. */
export const onCluster = subscribe({
  subject: 'clusters.v1.cluster.*',
  schema: ClusterEventSchema,
  async handle(tx, { fact, message, version }) {
    await applyCluster(tx, {
      id: message.clusterId,
      workspace_id: message.workspaceId,
      region_id: message.regionId,
      running: message.state === ClusterState.RUNNING,
      deleted: fact === 'deleted' || fact === 'forgotten',
      version: String(version),
    });
  },
});
