import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

/** Clusters by what stays the same when they are imported again, and what waits for one that is forgotten. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table installs add column detached_uid text, add column detached_from text`.execute(db);
  await sql`
    create index installs_detached on installs (detached_uid)
    where detached_uid is not null and deleted_at is null`.execute(db);
  await sql`
    create table known_clusters (
      workspace_id text not null,
      cluster_uid text not null,
      cluster_id text not null,
      forgotten boolean not null,
      primary key (workspace_id, cluster_uid)
    )`.execute(db);
  await sql`create index known_clusters_id on known_clusters (cluster_id)`.execute(db);
  await enableTenantIsolation(db, 'known_clusters');
}
