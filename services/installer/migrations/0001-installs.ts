import { enableTenantIsolation } from '@cnap/postgres';
import { sql, type Kysely } from 'kysely';

const twoWorkspaces = { workspaceColumns: ['workspace_id', 'seller_workspace_id'] };

/** Values, manifests and inputs are sealed: they hold passwords. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table installs (
      id text primary key,
      workspace_id text not null,
      seller_workspace_id text not null,
      name text not null,
      product_id text,
      template_id text not null,
      order_id text unique,
      idempotency_key text,
      region_id text not null,
      cluster_id text,
      namespace text,
      release_name text not null,
      package_id text not null,
      package_version text not null,
      package_digest text not null,
      product jsonb not null,
      needs jsonb not null,
      wanted text not null default 'present' check (wanted in ('present', 'absent')),
      state text not null default 'pending',
      step text not null default 'place',
      progress_in_step jsonb not null default '{}',
      reason text not null default '',
      message text not null default '',
      conditions jsonb not null default '[]',
      objects_applied integer not null default 0,
      objects_total integer not null default 0,
      workloads jsonb not null default '[]',
      endpoints jsonb not null default '[]',
      placement jsonb not null default '[]',
      pull_secret boolean not null default false,
      sealed_inputs bytea not null,
      public_inputs jsonb not null default '{}',
      sealed_outputs bytea,
      notes text not null default '',
      release_id text,
      revision integer not null default 0,
      traceparent text,
      version bigint not null default 1,
      created_at timestamptz(3) not null default now(),
      updated_at timestamptz(3) not null default now(),
      step_at timestamptz(3) not null default now(),
      ready_at timestamptz(3),
      deleted_at timestamptz(3)
    )`.execute(db);
  await sql`create index installs_owner on installs (workspace_id, created_at desc, id desc)`.execute(db);
  await sql`create index installs_seller on installs (seller_workspace_id, created_at desc, id desc)`.execute(
    db,
  );
  await sql`create index installs_cluster on installs (cluster_id) where deleted_at is null`.execute(db);
  await sql`create index installs_product on installs (product_id) where deleted_at is null`.execute(db);
  await sql`create index installs_template on installs (template_id) where deleted_at is null`.execute(db);
  await sql`
    create table releases (
      id text primary key,
      install_id text not null references installs on delete cascade,
      workspace_id text not null,
      seller_workspace_id text not null,
      revision integer not null,
      package_id text not null,
      package_version text not null,
      state text not null,
      message text not null default '',
      objects jsonb not null,
      sealed_manifests bytea not null,
      created_at timestamptz(3) not null default now(),
      unique (install_id, revision)
    )`.execute(db);
  await sql`
    create table inventory (
      install_id text not null references installs on delete cascade,
      workspace_id text not null,
      seller_workspace_id text not null,
      object_key text not null,
      position bigint generated always as identity,
      entry jsonb not null,
      primary key (install_id, object_key)
    )`.execute(db);
  await sql`
    create table removed_objects (
      install_id text not null references installs on delete cascade,
      workspace_id text not null,
      seller_workspace_id text not null,
      object_key text not null,
      position bigint generated always as identity,
      entry jsonb not null,
      outcome text not null,
      removed_at timestamptz(3) not null default now(),
      primary key (install_id, object_key)
    )`.execute(db);
  // An order that ended before its install was made must never get one, however late the call comes.
  await sql`create table ended_orders (order_id text primary key, ended_at timestamptz(3) not null default now())`.execute(
    db,
  );
  await enableTenantIsolation(db, 'installs', twoWorkspaces);
  await enableTenantIsolation(db, 'releases', twoWorkspaces);
  await enableTenantIsolation(db, 'inventory', twoWorkspaces);
  await enableTenantIsolation(db, 'removed_objects', twoWorkspaces);
}
