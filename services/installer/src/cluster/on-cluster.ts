import { subscribe, type AnySubscription } from '@cnap/events';
import { ClusterEventSchema, type ClusterEvent } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { wake } from '@cnap/reconcile';
import type { Tx } from '../database.ts';
import { idsUsing } from '../install/store.ts';
import type { Engine } from '../kubernetes/port.ts';
import { clusterReturns, forgetCluster } from './detached.ts';

/**
 * A cluster that came back wakes its installs; so does one that is reached in another way, or was upgraded, and its
 * connection is made anew. Its room changes all the time, which is nothing to installs that are placed.
 */
export function onCluster(engine: Engine): AnySubscription {
  const known = new Map<string, string>();

  /** The installs that a fact is news for. */
  const concerned = async (tx: Tx, fact: string, event: ClusterEvent): Promise<string[]> => {
    const { clusterId, clusterUid, kubeconfigRevision, kubernetesVersion } = event;
    if (fact === 'deleted' || fact === 'forgotten') {
      known.delete(clusterId);
      await engine.forget(clusterId);
    }
    // Facts of old do not say which cluster it is.
    if (fact === 'forgotten') return clusterUid === '' ? [] : forgetCluster(tx, event);
    if (fact === 'created') return clusterUid === '' ? [] : clusterReturns(tx, event);
    if (fact !== 'recovered' && fact !== 'updated') return [];
    const now = `${kubeconfigRevision} ${kubernetesVersion}`;
    const isOther = known.get(clusterId) !== now;
    if (isOther) await engine.forget(clusterId);
    known.set(clusterId, now);
    return isOther || fact === 'recovered' ? idsUsing(tx, 'cluster_id', clusterId) : [];
  };

  return subscribe({
    subject: 'clusters.v1.cluster.*',
    schema: ClusterEventSchema,
    async handle(tx, { fact, message }) {
      for (const id of await concerned(tx, fact, message)) await wake(tx, 'install', id);
    },
  });
}
