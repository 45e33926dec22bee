import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

/** What somebody changed on a cluster, and what is done about it. Values are shown to people: secrets are masked. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table installs add column drift_policy text not null default 'correct'`.execute(db);
  await sql`
    create table drifts (
      install_id text not null references installs on delete cascade,
      workspace_id text not null,
      seller_workspace_id text not null,
      object_key text not null,
      ref jsonb not null,
      state text not null,
      change text not null,
      fields jsonb not null,
      message text not null default '',
      fought jsonb not null default '[]',
      corrections jsonb not null default '{}',
      detected_at timestamptz(3) not null,
      ended_at timestamptz(3),
      look_at timestamptz(3) not null,
      primary key (install_id, object_key)
    )`.execute(db);
  await enableTenantIsolation(db, 'drifts', { workspaceColumns: ['workspace_id', 'seller_workspace_id'] });
}
