import { sql, type Kysely } from 'kysely';

/** Why a cluster cannot be used, as a stable word; for people there is `state_message`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table clusters add column state_reason text not null default ''`.execute(db);
}
