import { enableTenantIsolation } from '@cnap/postgres';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What other services own, as their facts told it. */
export const readModels: Migration = {
  async up(db) {
    await sql`
      create table region (
        id text primary key,
        workspace_id text not null,
        name text not null,
        icon text not null,
        country text not null,
        deleted boolean not null,
        version bigint not null)`.execute(db);
    await sql`
      create table cluster (
        id text primary key,
        workspace_id text not null,
        region_id text not null,
        running boolean not null,
        deleted boolean not null,
        version bigint not null,
        refresh_time timestamptz not null)`.execute(db);
    await sql`
      create table price (
        id text not null,
        workspace_id text not null,
        label text not null,
        kind text not null,
        currency text not null,
        unit_amount bigint not null,
        interval text not null,
        interval_count integer not null,
        active boolean not null,
        version bigint not null,
        refresh_time timestamptz not null,
        -- an account may be connected to more than one workspace
        primary key (workspace_id, id))`.execute(db);
    await sql`
      create table seller (
        workspace_id text primary key,
        charges_enabled boolean not null,
        version bigint not null,
        refresh_time timestamptz not null)`.execute(db);
    for (const table of ['region', 'cluster', 'price', 'seller']) await enableTenantIsolation(db, table);
    await sql`create index cluster_refresh on cluster (workspace_id, refresh_time)`.execute(db);
    await sql`create index price_id on price (id)`.execute(db);
    await sql`create index price_refresh on price (workspace_id, refresh_time)`.execute(db);
  },
};
