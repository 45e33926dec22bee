import { subscribe, type AnySubscription } from '@cnap/events';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { wake } from '@cnap/reconcile';
import { idsUsing } from '../install/store.ts';
import type { Engine } from '../kubernetes/port.ts';

/**
 * A cluster that came back wakes its installs; so does one that is reached in another way, or was upgraded, and its
 * connection is made anew. Its room changes all the time, which is nothing to installs that are placed.
 */
export function onCluster(engine: Engine): AnySubscription {
  const known = new Map<string, string>();
  return subscribe({
    subject: 'clusters.v1.cluster.*',
    schema: ClusterEventSchema,
    async handle(tx, { fact, message: { clusterId, kubeconfigRevision, kubernetesVersion } }) {
      if (fact === 'deleted') known.delete(clusterId);
      if (fact === 'deleted') return engine.forget(clusterId);
      if (fact !== 'recovered' && fact !== 'updated') return;
      const now = `${kubeconfigRevision} ${kubernetesVersion}`;
      const isOther = known.get(clusterId) !== now;
      if (isOther) await engine.forget(clusterId);
      if (isOther || fact === 'recovered') {
        for (const id of await idsUsing(tx, 'cluster_id', clusterId)) await wake(tx, 'install', id);
      }
      known.set(clusterId, now);
    },
  });
}
