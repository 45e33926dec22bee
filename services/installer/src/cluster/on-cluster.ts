import { subscribe, type AnySubscription } from '@cnap/events';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { wake } from '@cnap/reconcile';
import { idsUsing } from '../install/store.ts';
import type { Engine } from '../kubernetes/port.ts';

/** A cluster that came back, or changed, wakes its installs; its connection is made anew. */
export const onCluster = (engine: Engine): AnySubscription =>
  subscribe({
    subject: 'clusters.v1.cluster.*',
    schema: ClusterEventSchema,
    async handle(tx, { fact, message }) {
      if (fact === 'updated' || fact === 'deleted' || fact === 'recovered')
        await engine.forget(message.clusterId);
      if (fact !== 'recovered' && fact !== 'updated') return;
      for (const id of await idsUsing(tx, 'cluster_id', message.clusterId)) await wake(tx, 'install', id);
    },
  });
