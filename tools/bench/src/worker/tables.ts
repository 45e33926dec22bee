import type { Migration } from '@cnap/postgres';
import { sql } from 'kysely';

/** Who has begun what, and what may end. */
export type TakeoverTables = { run: { key: string; pid: number }; released: { key: string } };

export const runChannel = 'bench_run';

export const takeoverMigrations: Record<string, Migration> = {
  '0001_takeover': {
    up: async (db) => {
      await sql`create table run (key text not null, pid int not null)`.execute(db);
      await sql`create table released (key text primary key)`.execute(db);
    },
  },
};
