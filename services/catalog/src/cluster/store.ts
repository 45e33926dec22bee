import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { CatalogDatabase, ClusterRow } from '../database.ts';

type Db = Tx<CatalogDatabase>;

/** Keeps what a fact says; one that is older than what is known changes nothing. */
export async function applyCluster(tx: Db, cluster: Omit<ClusterRow, 'refresh_time'>): Promise<void> {
  const { id: _, ...values } = cluster;
  await tx
    .insertInto('cluster')
    .values({ ...cluster, refresh_time: new Date() })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet(values).where('cluster.version', '<', cluster.version),
    )
    .execute();
}

/** Keeps what the clusters service answered; should a newer fact have been overwritten, the next look puts it right. */
export async function noteCluster(
  tx: Db,
  cluster: { id: string; workspaceId: string; regionId: string; running: boolean },
): Promise<void> {
  const seen = { region_id: cluster.regionId, running: cluster.running, deleted: false };
  await tx
    .insertInto('cluster')
    .values({
      id: cluster.id,
      workspace_id: cluster.workspaceId,
      ...seen,
      version: '0',
      refresh_time: sql`now()`,
    })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ ...seen, refresh_time: sql`now()` }))
    .execute();
}

export async function noteClustersGone(tx: Db, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable('cluster')
    .set({ running: false, deleted: true, refresh_time: sql`now()` })
    .where('id', 'in', ids)
    .execute();
}

export function clustersById(tx: Db, ids: string[]): Promise<ClusterRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tx.selectFrom('cluster').selectAll().where('id', 'in', ids).where('deleted', '=', false).execute();
}

/** The clusters of a workspace's active products that were not looked at for so long, longest first. */
export async function clustersToRefresh(
  tx: Db,
  workspaceId: string,
  olderThanMs: number,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select offered.id from (
      select distinct unnest(cluster_ids) as id from product
      where workspace_id = ${workspaceId} and state = 'active') offered
    left join cluster on cluster.id = offered.id
    where cluster.id is null
      or (not cluster.deleted and cluster.refresh_time < now() - ${olderThanMs} * interval '1 ms')
    order by cluster.refresh_time nulls first limit ${limit}`.execute(tx);
  return rows.map(({ id }) => id);
}
