import { sql, type Kysely } from 'kysely';

/**
 * The log of one service, one kind of resource or one action, newest first, however much else is in it. A column of its
 * own, as under row-level security an index over a function's result is not used.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table audit_entries
      add column service text not null generated always as (split_part(action, '.', 1)) stored`.execute(db);
  const newest = sql`occurred_at desc, id desc`;
  await sql`create index audit_entries_by_service on audit_entries (workspace_id, service, ${newest})`.execute(
    db,
  );
  await sql`
    create index audit_entries_by_kind
      on audit_entries (workspace_id, service, resource_type, ${newest})`.execute(db);
  await sql`create index audit_entries_by_action on audit_entries (workspace_id, action, ${newest})`.execute(
    db,
  );
}
