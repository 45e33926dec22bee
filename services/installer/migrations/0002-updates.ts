import { sql, type Kysely } from 'kysely';

/** What an update needs to know, and which release each object in the inventory was last planned by. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table installs
      add column sealed_overrides bytea,
      add column update_policy text not null default 'patch',
      add column package_wanted text,
      add column update_wanted boolean not null default false,
      add column update_began_at timestamptz(3),
      add column rollback_to text,
      add column rollback_reason text not null default '',
      add column healthy_release_id text`.execute(db);
  await sql`alter table releases add column sealed_overrides bytea`.execute(db);
  await sql`alter table inventory add column revision integer`.execute(db);
  await sql`create index installs_package_wanted on installs (package_wanted) where package_wanted is not null`.execute(
    db,
  );
  await sql`
    update installs set healthy_release_id = release_id
    where ready_at is not null and release_id is not null`.execute(db);
  await sql`
    update inventory set revision = releases.revision
    from releases, jsonb_array_elements(releases.objects) as planned
    where releases.install_id = inventory.install_id
      and planned ->> 'apiVersion' = inventory.entry ->> 'apiVersion'
      and planned ->> 'kind' = inventory.entry ->> 'kind'
      and planned ->> 'name' = inventory.entry ->> 'name'
      and coalesce(planned ->> 'namespace', '') = coalesce(inventory.entry ->> 'namespace', '')`.execute(db);
}
