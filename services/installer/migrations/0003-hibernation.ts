import { sql, type Kysely } from 'kysely';

/** Who wants an install to sleep, and what its objects had before. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table installs
      add column asleep_for_operator boolean not null default false,
      add column asleep_for_order boolean not null default false,
      add column order_version bigint not null default 0,
      add column remembered jsonb not null default '[]'`.execute(db);
}
