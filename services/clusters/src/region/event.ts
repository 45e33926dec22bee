import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { RegionEventSchema } from '@cnap/proto/cnap/clusters/v1/region_event';
import type { RegionRow } from '../database.ts';

const regionFact = (
  fact: string,
  row: RegionRow,
  version = Number(row.version),
): Fact<typeof RegionEventSchema> => ({
  service: 'clusters',
  resource: 'region',
  fact,
  id: row.id,
  version,
  workspaceIds: [row.workspace_id],
  schema: RegionEventSchema,
  message: create(RegionEventSchema, {
    regionId: row.id,
    workspaceId: row.workspace_id,
    name: row.name,
    icon: row.icon,
    country: row.country,
  }),
});

export const regionCreated = (row: RegionRow) => regionFact('created', row);
export const regionUpdated = (row: RegionRow) => regionFact('updated', row);
export const regionDeleted = (row: RegionRow) => regionFact('deleted', row, Number(row.version) + 1);
