import { subscribe } from '@cnap/events';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { isNews, write, type Notify } from './notify.ts';
import { sellersOf } from './store.ts';

const templates = { unreachable: 'cluster-unreachable', recovered: 'cluster-recovered' } as const;

/** Those who sell on a cluster hear each time that it cannot be reached, and that it is back if they heard of that. */
export const onCluster = (notify: Notify) =>
  subscribe({
    subject: 'clusters.v1.cluster.*',
    schema: ClusterEventSchema,
    async handle(tx, { fact, version, time, message }) {
      if (fact !== 'unreachable' && fact !== 'recovered') return;
      const before = await isNews(tx, message.clusterId, version, fact);
      if (before === undefined || (fact === 'recovered' && before !== 'unreachable')) return;
      await write(tx, notify, time, await sellersOf(tx, message.workspaceId), {
        key: `${message.clusterId}:${fact}@${version}`,
        template: templates[fact],
        ...(fact === 'unreachable' ? { passesWith: message.clusterId } : {}),
        data: {
          cluster: message.name,
          region: message.regionName,
          message: message.stateMessage,
          url: new URL(`/clusters/${message.clusterId}`, notify.publicUrl).href,
        },
      });
    },
  });
