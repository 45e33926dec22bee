import { sql, type Kysely } from 'kysely';

/**
 * What lists are read by, in their order: all installs of a workspace, those that are not deleted, and of these one
 * product's and one cluster's. An index that begins with the workspace spares those of others, whatever their number.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const newest = sql`created_at desc, id desc) where deleted_at is null`;
  await sql`create index installs_owner_live on installs (workspace_id, ${newest}`.execute(db);
  await sql`create index installs_seller_live on installs (seller_workspace_id, ${newest}`.execute(db);
  await sql`create index installs_owner_product on installs (workspace_id, product_id, ${newest}`.execute(db);
  await sql`create index installs_seller_product on installs (seller_workspace_id, product_id, ${newest}`.execute(
    db,
  );
  await sql`create index installs_cluster_newest on installs (cluster_id, ${newest}`.execute(db);
  // What it was for, the new one does as well.
  await sql`drop index installs_cluster`.execute(db);
}
