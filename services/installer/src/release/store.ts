import { beyond, type PageQuery } from '@cnap/pages';
import type { Insertable, Updateable } from 'kysely';
import { objectKey } from '@cnap/kubernetes';
import type { InstallRow, ReleaseRow, RemovedObjectRow, Tables, Tx } from '../database.ts';
import type { InventoryEntry } from '../kubernetes/port.ts';

export const insertRelease = (tx: Tx, row: Insertable<Tables['releases']>): Promise<ReleaseRow> =>
  tx.insertInto('releases').values(row).returningAll().executeTakeFirstOrThrow();

export const loadRelease = (tx: Tx, id: string): Promise<ReleaseRow> =>
  tx.selectFrom('releases').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

/** A release of an install that the workspace operates: buyers see no manifests' names. */
export const findRelease = (tx: Tx, workspaceId: string, id: string): Promise<ReleaseRow | undefined> =>
  tx
    .selectFrom('releases')
    .selectAll()
    .where('id', '=', id)
    .where('seller_workspace_id', '=', workspaceId)
    .executeTakeFirst();

export const listReleases = (
  tx: Tx,
  workspaceId: string,
  installId: string,
  { limit, after }: PageQuery,
): Promise<ReleaseRow[]> =>
  tx
    .selectFrom('releases')
    .selectAll()
    .where('install_id', '=', installId)
    .where('seller_workspace_id', '=', workspaceId)
    .where(beyond(after, 'newest first'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();

/** The latest releases of an install, the newest first. */
export const latestReleases = (tx: Tx, installId: string, limit: number): Promise<ReleaseRow[]> =>
  tx
    .selectFrom('releases')
    .selectAll()
    .where('install_id', '=', installId)
    .orderBy('revision', 'desc')
    .limit(limit)
    .execute();

export async function changeRelease(
  tx: Tx,
  id: string,
  change: Updateable<Tables['releases']>,
): Promise<void> {
  await tx.updateTable('releases').set(change).where('id', '=', id).execute();
}

const workspacesOf = (row: InstallRow) => ({
  workspace_id: row.workspace_id,
  seller_workspace_id: row.seller_workspace_id,
});

/** Adds what was applied to the inventory; an object that was made anew takes its old entry's place. */
export async function recordApplied(
  tx: Tx,
  row: InstallRow,
  applied: readonly InventoryEntry[],
): Promise<void> {
  if (applied.length === 0) return;
  await tx
    .insertInto('inventory')
    .values(
      applied.map((entry) => ({
        install_id: row.id,
        ...workspacesOf(row),
        object_key: objectKey(entry),
        entry: JSON.stringify(entry),
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['install_id', 'object_key'])
        .doUpdateSet((eb) => ({ entry: eb.ref('excluded.entry') })),
    )
    .execute();
}

/** Writes down what a release is about to apply; what is there already keeps what is known of it. */
export async function recordPlanned(
  tx: Tx,
  row: InstallRow,
  revision: number,
  planned: readonly InventoryEntry[],
): Promise<void> {
  if (planned.length === 0) return;
  await tx
    .insertInto('inventory')
    .values(
      planned.map((entry) => ({
        install_id: row.id,
        ...workspacesOf(row),
        object_key: objectKey(entry),
        entry: JSON.stringify(entry),
        revision,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['install_id', 'object_key'])
        .doUpdateSet((eb) => ({ revision: eb.ref('excluded.revision') })),
    )
    .execute();
}

/** What earlier releases applied and the current one has no more. */
export async function loadStale(tx: Tx, row: InstallRow): Promise<InventoryEntry[]> {
  const rows = await tx
    .selectFrom('inventory')
    .select('entry')
    .where('install_id', '=', row.id)
    .where('revision', '<', row.revision)
    .orderBy('position')
    .execute();
  return rows.map(({ entry }) => entry);
}

/** What releases brought, but for hooks: what another release would prune. */
export async function loadPlanned(tx: Tx, installId: string): Promise<InventoryEntry[]> {
  const rows = await tx
    .selectFrom('inventory')
    .select('entry')
    .where('install_id', '=', installId)
    .where('revision', 'is not', null)
    .orderBy('position')
    .execute();
  return rows.map(({ entry }) => entry).filter((entry) => !entry.hook);
}

/** What is on the cluster and not about to be pruned: what the health of an install is the health of. */
export async function loadCurrent(tx: Tx, row: InstallRow): Promise<InventoryEntry[]> {
  const rows = await tx
    .selectFrom('inventory')
    .select('entry')
    .where('install_id', '=', row.id)
    .where((eb) => eb.or([eb('revision', 'is', null), eb('revision', '>=', row.revision)]))
    .orderBy('position')
    .execute();
  return rows.map(({ entry }) => entry);
}

/** What is on the cluster, in the order in which it was applied. */
export async function loadInventory(tx: Tx, installId: string): Promise<InventoryEntry[]> {
  const rows = await tx
    .selectFrom('inventory')
    .select('entry')
    .where('install_id', '=', installId)
    .orderBy('position')
    .execute();
  return rows.map((row) => row.entry);
}

/** Moves objects from the inventory to the receipt. */
export async function recordRemoved(
  tx: Tx,
  row: InstallRow,
  removed: readonly { entry: InventoryEntry; outcome: string }[],
): Promise<void> {
  if (removed.length === 0) return;
  const keys = removed.map(({ entry }) => objectKey(entry));
  await tx.deleteFrom('inventory').where('install_id', '=', row.id).where('object_key', 'in', keys).execute();
  await tx
    .insertInto('removed_objects')
    .values(
      removed.map(({ entry, outcome }) => ({
        install_id: row.id,
        ...workspacesOf(row),
        object_key: objectKey(entry),
        entry: JSON.stringify(entry),
        outcome,
      })),
    )
    .onConflict((conflict) => conflict.columns(['install_id', 'object_key']).doNothing())
    .execute();
}

export const loadReceipt = (tx: Tx, installId: string): Promise<RemovedObjectRow[]> =>
  tx
    .selectFrom('removed_objects')
    .selectAll()
    .where('install_id', '=', installId)
    .orderBy('position')
    .execute();
