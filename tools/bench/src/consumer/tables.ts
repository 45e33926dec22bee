import { eventsMigrations } from '@cnap/events';
import type { Migration } from '@cnap/postgres';
import { sql } from 'kysely';

/** What a consumer's handler writes. */
export type ConsumerTables = { seen: { key: string } };

/**
 * Notified with the effect of a key that asks for it, so exactly when that is committed. Postgres lets only one
 * transaction with a notification commit at a time: with many in flight that would be what is measured.
 */
export const seenChannel = 'bench_seen';
export const asksForNotice = (key: string): boolean => key.startsWith('ord_told_');
/** Where the consumer of plain JetStream says what it has had. */
export const plainSeen = 'plain_seen';
export const plainStream = { name: 'PLAIN', subject: 'plain.>' };

export const consumerMigrations: Record<string, Migration> = {
  ...eventsMigrations,
  '0001_seen': {
    up: async (db) => void (await sql`create table seen (key text primary key)`.execute(db)),
  },
};
