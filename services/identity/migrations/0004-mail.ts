import { sql, type Kysely } from 'kysely';

/** Mails that wait to be sent, and that were. What is in one (links that let people in) is sealed, and gone once sent. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table mails (
      id text primary key,
      key text not null unique,
      recipient text not null,
      template text not null,
      sealed_data bytea,
      state text not null default 'waiting' check (state in ('waiting', 'sent', 'refused', 'too late')),
      message text not null default '',
      created_at timestamptz(3) not null default now(),
      sent_at timestamptz(3)
    )`.execute(db);
  await sql`create index mails_by_age on mails (created_at)`.execute(db);
}
