import { DomainError } from '@cnap/errors';
import { beyond, type PageQuery } from '@cnap/pages';
import { isUniqueViolation } from '@cnap/postgres';
import type { RegionRow, Tx } from '../database.ts';

type RegionFields = { name: string; icon: string; country: string };

const selectRegion = (tx: Tx, workspaceId: string, id: string) =>
  tx.selectFrom('regions').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id);

export const findRegion = (tx: Tx, workspaceId: string, id: string): Promise<RegionRow | undefined> =>
  selectRegion(tx, workspaceId, id).executeTakeFirst();

/** As {@link findRegion}, and it is not deleted before the transaction ends: for a cluster that is put into it. */
export const keepRegion = (tx: Tx, workspaceId: string, id: string): Promise<RegionRow | undefined> =>
  selectRegion(tx, workspaceId, id).forKeyShare().executeTakeFirst();

/** As {@link findRegion}, and nothing is put into it before the transaction ends. */
export const lockRegion = (tx: Tx, workspaceId: string, id: string): Promise<RegionRow | undefined> =>
  selectRegion(tx, workspaceId, id).forUpdate().executeTakeFirst();

/**
 * The region that a cluster is to move to, kept until the transaction ends.
 * @throws DomainError invalid-argument REGION_NOT_FOUND naming the field: what is not found is not what was asked for
 */
export async function regionOf(tx: Tx, workspaceId: string, id: string): Promise<RegionRow> {
  const row = await keepRegion(tx, workspaceId, id);
  if (row) return row;
  throw new DomainError('invalid-argument', 'REGION_NOT_FOUND', `There is no region ${id}.`, {
    fields: [{ field: 'region_id', description: 'must be a region of this workspace' }],
    metadata: { id },
  });
}

export const listRegions = (tx: Tx, workspaceId: string, { limit, after }: PageQuery): Promise<RegionRow[]> =>
  tx
    .selectFrom('regions')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where(beyond(after, 'newest first'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();

export const insertRegion = (
  tx: Tx,
  row: RegionFields & { id: string; workspace_id: string },
): Promise<RegionRow> =>
  uniqueName(row.name, tx.insertInto('regions').values(row).returningAll().executeTakeFirstOrThrow());

/** Changes a region; undefined when there is none at that version. */
export const updateRegion = (
  tx: Tx,
  workspaceId: string,
  id: string,
  change: Partial<RegionFields>,
  etag: string,
): Promise<RegionRow | undefined> =>
  uniqueName(
    change.name ?? '',
    tx
      .updateTable('regions')
      .set((eb) => ({ ...change, version: eb('version', '+', '1'), updated_at: new Date() }))
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      // As text: an etag may be anything that a caller sends.
      .$if(etag !== '', (query) => query.where((eb) => eb(eb.cast<string>('version', 'text'), '=', etag)))
      .returningAll()
      .executeTakeFirst(),
  );

export const deleteRegion = (tx: Tx, workspaceId: string, id: string): Promise<RegionRow | undefined> =>
  tx
    .deleteFrom('regions')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();

async function uniqueName<T>(name: string, write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!isUniqueViolation(error, 'regions_name')) throw error;
    throw new DomainError('already-exists', 'REGION_ALREADY_EXISTS', `There is a region "${name}" already.`, {
      fields: [{ field: 'name', description: 'must be unique in the workspace' }],
    });
  }
}
