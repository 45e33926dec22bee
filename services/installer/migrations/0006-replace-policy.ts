import { sql, type Kysely } from 'kysely';

/** Whether objects whose immutable fields change are made anew. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table installs add column replace_policy text not null default 'fail'`.execute(db);
}
