import { subscribe, type ReceivedEvent } from '@cnap/events';
import { ClusterEventSchema, type ClusterEvent } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import type { Tx } from '../database.ts';
import { isNews, write, type Notify } from './notify.ts';
import { sellersOf } from './store.ts';

/** Those who sell on a cluster hear each time that it cannot be reached, and that it is back if they heard of that. */
export const onCluster = (notify: Notify) =>
  (['unreachable', 'recovered'] as const).map((fact) =>
    subscribe({
      subject: `clusters.v1.cluster.${fact}`,
      schema: ClusterEventSchema,
      handle: (tx, event) => tellOfCluster(tx, notify, fact, event),
    }),
  );

async function tellOfCluster(
  tx: Tx,
  notify: Notify,
  fact: 'unreachable' | 'recovered',
  { version, time, message }: ReceivedEvent<ClusterEvent>,
): Promise<void> {
  const { clusterId } = message;
  const before = await isNews(tx, clusterId, version, fact);
  if (before === undefined || (fact === 'recovered' && before !== 'unreachable')) return;
  await write(tx, notify, time, await sellersOf(tx, message.workspaceId), {
    key: `${clusterId}:${fact}@${version}`,
    template: `cluster-${fact}`,
    ...(fact === 'unreachable' ? { passesWith: clusterId } : {}),
    data: {
      cluster: message.name,
      region: message.regionName,
      message: message.stateMessage,
      url: new URL(`/clusters/${clusterId}`, notify.publicUrl).href,
    },
  });
}
