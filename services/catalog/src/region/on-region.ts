import { subscribe } from '@cnap/events';
import { RegionEventSchema } from '@cnap/proto/cnap/clusters/v1/region_event';
import { applyRegion } from './store.ts';

/** Keeps the regions that listings show. */
export const onRegion = subscribe({
  subject: 'clusters.v1.region.*',
  schema: RegionEventSchema,
  async handle(tx, { fact, message, version }) {
    await applyRegion(tx, {
      id: message.regionId,
      workspace_id: message.workspaceId,
      name: message.name,
      icon: message.icon,
      country: message.country,
      deleted: fact === 'deleted',
      version: String(version),
    });
  },
});
