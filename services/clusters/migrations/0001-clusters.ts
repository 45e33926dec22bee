import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table regions (
      id text primary key,
      workspace_id text not null,
      name text not null,
      icon text not null default '',
      country text not null default '',
      version bigint not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      constraint regions_name unique (workspace_id, name)
    )`.execute(db);
  await sql`create index regions_newest on regions (workspace_id, created_at desc, id desc)`.execute(db);
  await sql`
    create table clusters (
      id text primary key,
      workspace_id text not null,
      region_id text not null references regions,
      name text not null,
      kind text not null check (kind in ('managed', 'imported')),
      state text not null,
      state_message text not null default '',
      server text not null,
      kubernetes_version text not null default '',
      cluster_uid text not null,
      sealed_kubeconfig bytea not null,
      kubeconfig_revision text not null,
      settings jsonb not null,
      capacity jsonb,
      capacity_at timestamptz(3),
      observed_at timestamptz(3),
      failing_since timestamptz(3),
      traceparent text,
      version bigint not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      constraint clusters_uid unique (workspace_id, cluster_uid)
    )`.execute(db);
  await sql`create index clusters_newest on clusters (workspace_id, created_at desc, id desc)`.execute(db);
  await sql`create index clusters_region on clusters (region_id)`.execute(db);
  await enableTenantIsolation(db, 'regions');
  await enableTenantIsolation(db, 'clusters');
}
