import { beyond, type PageQuery } from '@cnap/pages';
import { keepWorkspacesOpen } from '@cnap/postgres';
import { sql, type Insertable, type Updateable } from 'kysely';
import type { InstallRow, Needs, Tables, Tx } from '../database.ts';

/** Channel that is notified when an install was changed. */
export const installChanged = 'install_changed';

/** An install that the workspace owns or operates. */
export const findInstall = (tx: Tx, workspaceId: string, id: string): Promise<InstallRow | undefined> =>
  tx
    .selectFrom('installs')
    .selectAll()
    .where('id', '=', id)
    .where((eb) => eb.or([eb('workspace_id', '=', workspaceId), eb('seller_workspace_id', '=', workspaceId)]))
    .executeTakeFirst();

/** Whatever its workspaces: for reconcilers and internal calls. */
export const loadInstall = (tx: Tx, id: string): Promise<InstallRow | undefined> =>
  tx.selectFrom('installs').selectAll().where('id', '=', id).executeTakeFirst();

/** As it is, and nobody else changes it until the transaction ends. */
export const lockInstall = (tx: Tx, id: string): Promise<InstallRow | undefined> =>
  tx.selectFrom('installs').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();

export const findInstallOfOrder = (tx: Tx, orderId: string): Promise<InstallRow | undefined> =>
  tx.selectFrom('installs').selectAll().where('order_id', '=', orderId).executeTakeFirst();

export type InstallFilter = { productId: string; clusterId: string; showDeleted: boolean };

type Side = 'workspace_id' | 'seller_workspace_id';

/** A page of the installs that a workspace owns or operates, newest first; one more than asked for, if there is one. */
export async function listInstalls(
  tx: Tx,
  workspaceId: string,
  filter: InstallFilter,
  page: PageQuery,
): Promise<InstallRow[]> {
  // Buyers see regions, never clusters: the filter finds installs of the operating workspace only.
  const sides: Side[] =
    filter.clusterId === '' ? ['workspace_id', 'seller_workspace_id'] : ['seller_workspace_id'];
  // One index for each side: with both in one condition a table of any size would be read through, and sorted.
  const found = new Map<string, InstallRow>();
  for (const side of sides) {
    for (const row of await listSide(tx, side, workspaceId, filter, page)) found.set(row.id, row);
  }
  return [...found.values()].toSorted(newestFirst).slice(0, page.limit + 1);
}

function newestFirst(a: InstallRow, b: InstallRow): number {
  const later = b.created_at.getTime() - a.created_at.getTime();
  return later !== 0 ? later : a.id < b.id ? 1 : -1;
}

const listSide = (
  tx: Tx,
  side: Side,
  workspaceId: string,
  { productId, clusterId, showDeleted }: InstallFilter,
  { limit, after }: PageQuery,
): Promise<InstallRow[]> =>
  tx
    .selectFrom('installs')
    .selectAll()
    .where(side, '=', workspaceId)
    .$if(productId !== '', (query) => query.where('product_id', '=', productId))
    .$if(clusterId !== '', (query) => query.where('cluster_id', '=', clusterId))
    .$if(!showDeleted, (query) => query.where('deleted_at', 'is', null))
    .where(beyond(after, 'newest first'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();

/**
 * Makes an install; undefined when its order has one already.
 * @throws DomainError WORKSPACE_CLOSED when one of its workspaces is deleted, or being deleted
 */
export async function insertInstall(
  tx: Tx,
  row: Insertable<Tables['installs']>,
): Promise<InstallRow | undefined> {
  await keepWorkspacesOpen(tx, [row.workspace_id, row.seller_workspace_id]);
  return tx
    .insertInto('installs')
    .values(row)
    .onConflict((conflict) => conflict.column('order_id').doNothing())
    .returningAll()
    .executeTakeFirst();
}

/**
 * Changes an install: raises the version and tells those who watch.
 * @param quietly they see it when they look by themselves, within a second. Commits that notify wait for each other
 *   in Postgres: what changes often and is only progress is not worth it.
 */
export async function changeInstall(
  tx: Tx,
  id: string,
  change: Updateable<Tables['installs']>,
  { quietly = false } = {},
): Promise<InstallRow> {
  const changed = tx
    .updateTable('installs')
    .set((eb) => ({ ...change, version: eb('version', '+', '1'), updated_at: new Date() }))
    .where('id', '=', id)
    .returningAll();
  if (quietly) return changed.executeTakeFirstOrThrow();
  const told = sql`pg_notify(${installChanged}, id)`.as('told');
  const { told: _, ...row } = await changed.returning(told).executeTakeFirstOrThrow();
  return row;
}

/** Moves an install to another step, which is nobody's business but its reconciler's. */
export const moveInstall = (
  tx: Tx,
  id: string,
  change: Pick<Updateable<Tables['installs']>, 'step' | 'step_at' | 'progress_in_step'>,
): Promise<InstallRow> =>
  tx.updateTable('installs').set(change).where('id', '=', id).returningAll().executeTakeFirstOrThrow();

/** Those who choose among the same clusters wait for each other. */
export async function lockPlacement(tx: Tx, clusterIds: readonly string[]): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(hashtextextended(id, 1))
    from (select unnest(${[...clusterIds]}::text[]) as id order by 1) as clusters`.execute(tx);
}

/** Making and ending an order's install wait for each other. */
export async function lockOrder(tx: Tx, orderId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${orderId}, 0))`.execute(tx);
}

/** Marks an order as ended, so that a late call makes no install for it. */
export async function markOrderEnded(tx: Tx, orderId: string): Promise<void> {
  await tx
    .insertInto('ended_orders')
    .values({ order_id: orderId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export const isOrderEnded = async (tx: Tx, orderId: string): Promise<boolean> =>
  (await tx
    .selectFrom('ended_orders')
    .select('order_id')
    .where('order_id', '=', orderId)
    .executeTakeFirst()) !== undefined;

/** Installs and their needs by cluster: those that are there or on their way. */
export async function loadOf(
  tx: Tx,
  clusterIds: string[],
): Promise<Map<string, Needs & { installs: number }>> {
  if (clusterIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom('installs')
    .select((eb) => [
      'cluster_id',
      eb.fn.countAll<string>().as('installs'),
      sql<string>`coalesce(sum((needs ->> 'cpuMillis')::bigint), 0)`.as('cpu'),
      sql<string>`coalesce(sum((needs ->> 'memoryBytes')::bigint), 0)`.as('memory'),
      sql<string>`coalesce(sum((needs ->> 'pods')::bigint), 0)`.as('pods'),
    ])
    .where('cluster_id', 'in', clusterIds)
    .where('deleted_at', 'is', null)
    .groupBy('cluster_id')
    .execute();
  return new Map(
    rows.map((row) => [
      row.cluster_id ?? '',
      {
        installs: Number(row.installs),
        cpuMillis: Number(row.cpu),
        memoryBytes: Number(row.memory),
        pods: Number(row.pods),
      },
    ]),
  );
}

/** What is on a cluster, or was meant to be. */
export const placedInstalls = (tx: Tx): Promise<Pick<InstallRow, 'id' | 'cluster_id'>[]> =>
  tx
    .selectFrom('installs')
    .select(['id', 'cluster_id'])
    .where('deleted_at', 'is', null)
    .where('cluster_id', 'is not', null)
    .orderBy('id')
    .execute();

export type UsageSubject = 'workspace_id' | 'cluster_id' | 'template_id' | 'product_id';

/** Ids of installs that use something and are not deleted, nor waiting to be on a cluster that is forgotten. */
export async function idsUsing(tx: Tx, column: UsageSubject, id: string): Promise<string[]> {
  const rows = await tx
    .selectFrom('installs')
    .select('id')
    .where('deleted_at', 'is', null)
    .where((eb) =>
      column === 'workspace_id'
        ? eb.or([eb('workspace_id', '=', id), eb('seller_workspace_id', '=', id)])
        : eb(column, '=', id),
    )
    .where((eb) => eb.not(eb.and([eb('wanted', '=', 'absent'), eb('state', '=', 'detached')])))
    .orderBy('id')
    .execute();
  return rows.map((row) => row.id);
}
