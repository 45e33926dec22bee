import { enableTenantIsolation } from '@cnap/postgres';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const templateAndPackage: Migration = {
  async up(db) {
    await sql`
      create table template (
        id text primary key,
        workspace_id text not null,
        name text not null,
        sources jsonb not null,
        pod_security text not null,
        registry_proxy_mode text not null,
        latest_package_id text,
        version bigint not null default 1,
        create_time timestamptz(3) not null default now(),
        update_time timestamptz(3) not null default now())`.execute(db);
    await sql`create index template_newest on template (workspace_id, create_time desc, id desc)`.execute(db);
    await sql`
      create table package (
        id text primary key,
        workspace_id text not null,
        template_id text not null references template (id) on delete cascade,
        sources jsonb not null,
        bump text not null,
        state text not null,
        state_message text not null default '',
        same_as_id text,
        semantic_version text,
        parts jsonb not null,
        digest text,
        size_bytes integer,
        resolved jsonb not null default '[]',
        images jsonb not null default '[]',
        kinds jsonb not null default '[]',
        generated_fields jsonb not null default '[]',
        needs jsonb,
        values_schema jsonb,
        values jsonb,
        kubernetes_version_range text not null default '',
        traceparent text,
        version bigint not null default 1,
        create_time timestamptz(3) not null default now(),
        update_time timestamptz(3) not null default now())`.execute(db);
    await sql`create index package_newest on package (template_id, create_time desc, id desc)`.execute(db);
    await sql`create index package_digest on package (digest)`.execute(db);
    // Two builds that end at the same moment cannot take the same version, nor make the same content twice.
    await sql`create unique index package_version on package (template_id, semantic_version)
      where same_as_id is null and state = 'ready'`.execute(db);
    await sql`create unique index package_content on package (template_id, digest)
      where same_as_id is null and state = 'ready'`.execute(db);
    await sql`
      create table package_archive (
        package_id text not null references package (id) on delete cascade,
        workspace_id text not null,
        part_key text not null,
        bytes bytea not null,
        primary key (package_id, part_key))`.execute(db);
    await sql`alter table package_archive alter column bytes set storage external`.execute(db);
    await sql`
      create table package_log (
        package_id text not null references package (id) on delete cascade,
        workspace_id text not null,
        line_number bigint generated always as identity,
        time timestamptz(3) not null default now(),
        line text not null,
        primary key (package_id, line_number))`.execute(db);
    // Content by its digest belongs to whoever knows the digest; only packages, which have tenants, lead to it.
    await sql`
      create table artifact (
        digest text primary key,
        bytes bytea not null,
        create_time timestamptz not null default now())`.execute(db);
    await sql`alter table artifact alter column bytes set storage external`.execute(db);
    for (const table of ['template', 'package', 'package_archive', 'package_log']) {
      await enableTenantIsolation(db, table);
    }
  },
};
