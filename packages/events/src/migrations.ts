import type { Migration } from '@cnap/postgres';
import { sql } from 'kysely';

/** The tables of this package. */
export const eventsMigrations: Record<string, Migration> = {
  '0000_events_01_outbox': {
    async up(db) {
      await sql`
        create table outbox (
          position bigint generated always as identity primary key,
          id text not null unique,
          subject text not null,
          resource_id text not null,
          version bigint not null,
          headers jsonb not null,
          payload bytea not null,
          create_time timestamptz not null default now(),
          published_at timestamptz,
          -- Kept when a lost event is to be published again: it says in which order.
          stream_seq bigint)`.execute(db);
      await sql`
        create index outbox_unpublished on outbox (stream_seq, position) where published_at is null`.execute(
        db,
      );
      await sql`create index outbox_stream_seq on outbox (stream_seq) where published_at is not null`.execute(
        db,
      );
      await sql`create index outbox_published_at on outbox (published_at)`.execute(db);
      await sql`
        create table outbox_relay (
          single boolean primary key default true check (single),
          holder text,
          lease_until timestamptz not null default now(),
          stream_created timestamptz)`.execute(db);
      await sql`insert into outbox_relay default values`.execute(db);
    },
  },
  '0000_events_02_inbox': {
    async up(db) {
      await sql`
        create table inbox (
          event_id text primary key,
          resource text not null,
          resource_id text not null,
          version bigint not null,
          handled boolean not null,
          create_time timestamptz not null default now())`.execute(db);
      await sql`create index inbox_resource on inbox (resource, resource_id, version)`.execute(db);
      await sql`create index inbox_age on inbox (create_time)`.execute(db);
      await sql`
        create table inbox_failure (
          event_id text primary key,
          failures int not null,
          last_error text not null,
          update_time timestamptz not null default now())`.execute(db);
      await sql`
        create table dead_letter (
          event_id text primary key,
          subject text not null,
          resource_id text not null,
          version bigint not null,
          headers jsonb not null,
          payload bytea not null,
          attempts int not null,
          error text not null,
          create_time timestamptz not null default now(),
          -- 'handled' or 'overtaken' after a replay
          outcome text,
          replay_time timestamptz)`.execute(db);
      await sql`create index dead_letter_open on dead_letter (create_time desc, event_id) where outcome is null`.execute(
        db,
      );
    },
  },
};
