import { eventsMigrations } from '@cnap/events';
import type { Migration } from '@cnap/postgres';
import { sql } from 'kysely';

/** What a consumer's handler writes. */
export type ConsumerTables = { seen: { key: string } };

/** Notified with the effect, so exactly when that is committed. */
export const seenChannel = 'bench_seen';
/** Where the consumer of plain JetStream says what it has had. */
export const plainSeen = 'plain_seen';
export const plainStream = { name: 'PLAIN', subject: 'plain.>' };

export const consumerMigrations: Record<string, Migration> = {
  ...eventsMigrations,
  '0001_seen': {
    up: async (db) => void (await sql`create table seen (key text primary key)`.execute(db)),
  },
};
