import { sql, type Kysely } from 'kysely';

/** What the installer knows of a suspended order, and when an order's cluster was found forgotten. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table orders
      add column install_sleep text not null default 'awake',
      add column detached_time timestamptz`.execute(db);
  await sql`update orders set install_sleep = 'unknown' where state = 'suspended'`.execute(db);
}
