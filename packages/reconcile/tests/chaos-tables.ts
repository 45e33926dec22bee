import type { Migration } from '@cnap/postgres';
import { sql, type Generated } from 'kysely';
import { reconcileMigrations } from '../src/index.ts';

export type ChaosTables = {
  /** What each key is to become, and what a worker has made of it. */
  wanted: { key: string; version: number; reached: Generated<number> };
  run: { id: Generated<string>; key: string; worker: string };
  written: { key: string; worker: string; version: number };
  refusal: { worker: string; error: string };
};

export const chaosMigrations: Record<string, Migration> = {
  ...reconcileMigrations,
  '0001_chaos': {
    async up(db) {
      await sql`create table wanted (key text primary key, version int not null, reached int not null default 0)`.execute(
        db,
      );
      await sql`
        create table run (id bigint generated always as identity primary key, key text not null, worker text not null,
          entered_at timestamptz not null default clock_timestamp(), left_at timestamptz)`.execute(db);
      await sql`
        create table written (id bigint generated always as identity, key text not null, worker text not null,
          version int not null)`.execute(db);
      await sql`create table refusal (worker text not null, error text not null)`.execute(db);
    },
  },
};
