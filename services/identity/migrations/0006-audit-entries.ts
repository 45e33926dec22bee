import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

/**
 * Who did what, per workspace. Append-only: a trigger refuses everything but inserting to every role, as rights to all
 * tables are granted anew with each migration. Entries outlive their workspace.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table audit_entries (
      id text primary key,
      workspace_id text not null,
      event_id text not null,
      action text not null,
      resource_type text not null,
      resource_id text not null,
      actor_kind text not null check (actor_kind in ('user', 'service', 'anonymous')),
      actor_id text not null,
      actor_email text not null,
      actor_name text not null,
      credential_id text not null,
      credential_name text not null,
      address text not null,
      trace_id text not null,
      occurred_at timestamptz(3) not null,
      created_at timestamptz(3) not null default now(),
      unique (workspace_id, event_id)
    )`.execute(db);
  for (const [name, column] of [
    ['age', sql``],
    ['resource', sql`resource_id,`],
    ['actor', sql`actor_id,`],
  ] as const) {
    await sql`
      create index ${sql.id(`audit_entries_by_${name}`)}
        on audit_entries (workspace_id, ${column} occurred_at desc, id desc)`.execute(db);
  }
  await sql`
    create function refuse_audit_change() returns trigger language plpgsql as $$
    begin
      raise exception 'audit_entries is append-only' using errcode = 'insufficient_privilege';
    end $$`.execute(db);
  await sql`
    create trigger append_only before update or delete or truncate on audit_entries
      execute function refuse_audit_change()`.execute(db);
  await enableTenantIsolation(db, 'audit_entries');
}
