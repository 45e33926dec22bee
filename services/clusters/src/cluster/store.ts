import { DomainError } from '@cnap/errors';
import { beyond, type PageQuery } from '@cnap/pages';
import { isUniqueViolation, keepWorkspacesOpen } from '@cnap/postgres';
import { sql, type Insertable, type Updateable } from 'kysely';
import type { ClusterRow, Tables, Tx } from '../database.ts';

/** Channel that is notified when a cluster was changed. */
export const clusterChanged = 'cluster_changed';

/** A cluster with its region, as placement and facts need it. */
export type ClusterInRegion = ClusterRow & { region_name: string };

const inRegion = (tx: Tx) =>
  tx
    .selectFrom('clusters')
    .innerJoin('regions', 'regions.id', 'clusters.region_id')
    .selectAll('clusters')
    .select('regions.name as region_name');

/** `locked`: nobody else changes it until the transaction ends. */
export const findCluster = (
  tx: Tx,
  workspaceId: string,
  id: string,
  { locked = false } = {},
): Promise<ClusterInRegion | undefined> =>
  inRegion(tx)
    .where('clusters.workspace_id', '=', workspaceId)
    .where('clusters.id', '=', id)
    .$if(locked, (query) => query.forUpdate('clusters'))
    .executeTakeFirst();

/** Whatever its workspace: for reconcilers and internal calls. */
export const loadCluster = (tx: Tx, id: string): Promise<ClusterInRegion | undefined> =>
  inRegion(tx).where('clusters.id', '=', id).executeTakeFirst();

export const listCandidates = (tx: Tx, ids: string[], regionId: string): Promise<ClusterInRegion[]> =>
  inRegion(tx)
    .where('clusters.id', 'in', ids.length > 0 ? ids : [''])
    .$if(regionId !== '', (query) => query.where('clusters.region_id', '=', regionId))
    .execute();

export const listClusters = (
  tx: Tx,
  workspaceId: string,
  regionId: string,
  { limit, after }: PageQuery,
): Promise<ClusterInRegion[]> =>
  inRegion(tx)
    .where('clusters.workspace_id', '=', workspaceId)
    .$if(regionId !== '', (query) => query.where('clusters.region_id', '=', regionId))
    .where(beyond(after, 'newest first', { time: 'clusters.created_at', id: 'clusters.id' }))
    .orderBy('clusters.created_at', 'desc')
    .orderBy('clusters.id', 'desc')
    .limit(limit + 1)
    .execute();

export async function countClustersIn(tx: Tx, workspaceId: string, regionId: string): Promise<number> {
  const { count } = await tx
    .selectFrom('clusters')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .where('workspace_id', '=', workspaceId)
    .where('region_id', '=', regionId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export const listIdsOf = async (tx: Tx, workspaceId: string): Promise<string[]> =>
  (
    await tx
      .selectFrom('clusters')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .orderBy('id')
      .execute()
  ).map((row) => row.id);

/** @throws DomainError already-exists CLUSTER_ALREADY_IMPORTED; WORKSPACE_CLOSED */
export async function insertCluster(tx: Tx, row: Insertable<Tables['clusters']>): Promise<ClusterRow> {
  await keepWorkspacesOpen(tx, [row.workspace_id]);
  try {
    return await tx.insertInto('clusters').values(row).returningAll().executeTakeFirstOrThrow();
  } catch (error) {
    if (!isUniqueViolation(error, 'clusters_uid')) throw error;
    throw new DomainError(
      'already-exists',
      'CLUSTER_ALREADY_IMPORTED',
      'This cluster is in the workspace already.',
      {
        suggestion: 'Use the cluster that is there, or delete it first.',
      },
    );
  }
}

/** Changes what people see: raises the version and tells those who watch. */
export async function changeCluster(
  tx: Tx,
  id: string,
  change: Updateable<Tables['clusters']>,
  etag = '',
): Promise<ClusterRow | undefined> {
  const row = await tx
    .updateTable('clusters')
    .set((eb) => ({ ...change, version: eb('version', '+', '1'), updated_at: new Date() }))
    .where('id', '=', id)
    // As text: an etag may be anything that a caller sends.
    .$if(etag !== '', (query) => query.where((eb) => eb(eb.cast<string>('version', 'text'), '=', etag)))
    .returningAll()
    .executeTakeFirst();
  if (row) await sql`select pg_notify(${clusterChanged}, ${id})`.execute(tx);
  return row;
}

/** Notes that a cluster answered, or since when it does not; nobody is told. */
export async function recordObservation(
  tx: Tx,
  id: string,
  seen: Pick<Updateable<Tables['clusters']>, 'observed_at' | 'failing_since' | 'capacity_at'>,
): Promise<void> {
  await tx.updateTable('clusters').set(seen).where('id', '=', id).execute();
}

/** Deletes a cluster and tells those who watch. */
export async function deleteCluster(tx: Tx, id: string): Promise<ClusterRow | undefined> {
  const row = await tx.deleteFrom('clusters').where('id', '=', id).returningAll().executeTakeFirst();
  if (row) await sql`select pg_notify(${clusterChanged}, ${id})`.execute(tx);
  return row;
}
