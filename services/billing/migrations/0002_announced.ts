import { sql, type Kysely } from 'kysely';

/** What both sides of an order were told since it entered its state. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table orders add column announced text[] not null default '{}'`.execute(db);
}
