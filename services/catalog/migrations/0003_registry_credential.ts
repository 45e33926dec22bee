import { enableTenantIsolation } from '@cnap/postgres';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const registryCredential: Migration = {
  async up(db) {
    await sql`
      create table registry_credential (
        id text primary key,
        workspace_id text not null,
        name text not null,
        registry_url text not null,
        registry_host text not null,
        type text not null,
        username text not null,
        secret bytea not null,
        is_active boolean not null default true,
        last_use_time timestamptz(3),
        create_time timestamptz(3) not null default now())`.execute(db);
    await sql`create index registry_credential_newest
      on registry_credential (workspace_id, create_time desc, id desc)`.execute(db);
    await enableTenantIsolation(db, 'registry_credential');
  },
};
