import type { Tx } from '@cnap/postgres';
import type { CatalogDatabase, RegionRow } from '../database.ts';

type Db = Tx<CatalogDatabase>;

/** Keeps what a fact says; one that is older than what is known changes nothing. */
export async function applyRegion(tx: Db, region: RegionRow): Promise<void> {
  const { id: _, ...values } = region;
  await tx
    .insertInto('region')
    .values(region)
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet(values).where('region.version', '<', region.version),
    )
    .execute();
}

/** A region that a cluster was seen in: enough to be shown should its own facts be lost. */
export async function noteRegion(
  tx: Db,
  region: { id: string; workspaceId: string; name: string },
): Promise<void> {
  await tx
    .insertInto('region')
    .values({
      id: region.id,
      workspace_id: region.workspaceId,
      name: region.name,
      icon: '',
      country: '',
      deleted: false,
      version: '0',
    })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ name: region.name }))
    .execute();
}

export function regionsById(tx: Db, ids: string[]): Promise<RegionRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tx.selectFrom('region').selectAll().where('id', 'in', ids).where('deleted', '=', false).execute();
}
