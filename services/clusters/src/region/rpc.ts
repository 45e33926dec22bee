import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import { pageQuery, toPage } from '@cnap/pages';
import { firstResult } from '@cnap/postgres';
import {
  CreateRegionRequestSchema,
  CreateRegionResponseSchema,
  type RegionService,
} from '@cnap/proto/cnap/clusters/v1/region_service';
import { workspaceOf } from '@cnap/rpc';
import { etagMismatch, repeatable } from '@cnap/service';
import { countClustersIn } from '../cluster/store.ts';
import type { Database } from '../database.ts';
import { regionCreated, regionDeleted, regionUpdated } from './event.ts';
import { deleteRegion, findRegion, insertRegion, listRegions, lockRegion, updateRegion } from './store.ts';
import { regionToProto } from './to-proto.ts';

export const regionRpc = ({ db }: { db: Database }): ServiceImpl<typeof RegionService> => ({
  async getRegion({ id }, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => findRegion(tx, workspaceId, id));
    if (!row) throw notFound('region', id);
    return { region: regionToProto(row) };
  },

  async listRegions(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const rows = await db.inWorkspace(workspaceId, (tx) => listRegions(tx, workspaceId, page));
    const result = toPage(rows, page, (row) => ({ time: row.created_at, id: row.id }));
    return { regions: result.rows.map(regionToProto), nextPageToken: result.nextPageToken };
  },

  async createRegion(request, context) {
    const workspaceId = workspaceOf(context);
    const { name, icon, country } = request;
    return db.inWorkspace(workspaceId, (tx) =>
      firstResult(
        tx,
        repeatable(context, workspaceId, CreateRegionRequestSchema, request, CreateRegionResponseSchema),
        async () => {
          const row = await insertRegion(tx, {
            id: newId('reg'),
            workspace_id: workspaceId,
            name,
            icon,
            country,
          });
          await publish(tx, regionCreated(row));
          return create(CreateRegionResponseSchema, { region: regionToProto(row) });
        },
      ),
    );
  },

  async updateRegion({ id, name, icon, country, etag }, context) {
    const workspaceId = workspaceOf(context);
    const change = {
      ...(name === undefined ? {} : { name }),
      ...(icon === undefined ? {} : { icon }),
      ...(country === undefined ? {} : { country }),
    };
    const row = await db.inWorkspace(workspaceId, async (tx) => {
      if (!(await findRegion(tx, workspaceId, id))) throw notFound('region', id);
      const changed = await updateRegion(tx, workspaceId, id, change, etag);
      if (!changed) throw etagMismatch('region');
      await publish(tx, regionUpdated(changed));
      return changed;
    });
    return { region: regionToProto(row) };
  },

  async deleteRegion({ id }, context) {
    const workspaceId = workspaceOf(context);
    await db.inWorkspace(workspaceId, async (tx) => {
      if (!(await lockRegion(tx, workspaceId, id))) throw notFound('region', id);
      const clusters = await countClustersIn(tx, workspaceId, id);
      if (clusters > 0) {
        throw new DomainError(
          'failed-precondition',
          'REGION_IN_USE',
          `The region still has ${clusters} cluster(s).`,
          {
            suggestion: 'Move its clusters to another region, or delete them, first.',
          },
        );
      }
      const row = await deleteRegion(tx, workspaceId, id);
      if (row) await publish(tx, regionDeleted(row));
    });
    return {};
  },
});
