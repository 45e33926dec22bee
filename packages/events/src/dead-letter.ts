import { messageOf, notFound } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import { sql } from 'kysely';
import type { EventHeaders } from './cloud-event.ts';
import type { AnySubscription } from './event.ts';
import { interestedIn, runHandlers } from './handle-delivery.ts';

/** An event that could not be handled. */
export type DeadLetter = {
  eventId: string;
  subject: string;
  resourceId: string;
  error: string;
  attempts: number;
  createTime: Date;
};

/** A page of dead letters, newest first. */
export type DeadLetterPage = { deadLetters: DeadLetter[]; nextPageToken: string };

/** What became of a replay: `overtaken` means that newer facts of the resource were handled and it was dropped. */
export type Replay = { outcome: 'handled' | 'overtaken' } | { outcome: 'failed'; error: string };

/** The dead letters of a service that still wait for a decision. */
export type DeadLetters = {
  list(page: { pageSize?: number; pageToken?: string }): Promise<DeadLetterPage>;
  /** @throws DomainError not-found DEAD_LETTER_NOT_FOUND, also when it was replayed already */
  replay(eventId: string): Promise<Replay>;
};

type Row = {
  event_id: string;
  subject: string;
  resource_id: string;
  version: string;
  headers: EventHeaders;
  payload: Buffer;
  error: string;
  attempts: number;
  create_time: Date;
};

/** The dead letters in `db`'s schema, replayed by these subscriptions. */
export function deadLettersOf(
  // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
  db: Database<any>,
  subscriptions: AnySubscription[],
): DeadLetters {
  return {
    async list({ pageSize = 0, pageToken = '' }) {
      const limit = Math.min(100, pageSize > 0 ? pageSize : 50);
      const { rows } = await db.pool.query<Row>(
        `select event_id, subject, resource_id, error, attempts, create_time from dead_letter
         where outcome is null and ($1 = '' or (create_time, event_id) <
           (select create_time, event_id from dead_letter where event_id = $1))
         order by create_time desc, event_id desc limit $2`,
        [pageToken, limit + 1],
      );
      const page = rows.slice(0, limit);
      return {
        deadLetters: page.map((row) => ({
          eventId: row.event_id,
          subject: row.subject,
          resourceId: row.resource_id,
          error: row.error,
          attempts: row.attempts,
          createTime: row.create_time,
        })),
        nextPageToken: rows.length > limit ? (page.at(-1)?.event_id ?? '') : '',
      };
    },

    async replay(eventId) {
      try {
        return await db.acrossWorkspaces(async (tx): Promise<Replay> => {
          const found = await sql<Row>`
            select * from dead_letter where event_id = ${eventId} and outcome is null for update`.execute(tx);
          const row = found.rows[0];
          if (row === undefined) throw notFound('dead letter', eventId);
          const [service = '', , name = ''] = row.subject.split('.');
          const resource = `${service}.${name}`;
          const newer = await sql`
            select 1 from inbox where resource = ${resource} and resource_id = ${row.resource_id}
              and version > ${row.version} and handled limit 1`.execute(tx);
          const overtaken = newer.rows.length > 0;
          const { subject, headers, payload } = row;
          const interested = interestedIn(subscriptions, subject, headers);
          // Who keeps a history wants old news, too.
          const due = overtaken ? interested.filter(({ schema }) => schema === undefined) : interested;
          const outcome = overtaken && due.length === 0 ? 'overtaken' : 'handled';
          if (outcome === 'handled') {
            if (due.length === 0) throw new Error(`nothing handles ${subject} any more`);
            await runHandlers(tx, due, {
              id: eventId,
              subject,
              resource,
              resourceId: row.resource_id,
              version: Number(row.version),
              headers,
              payload,
            });
            await sql`update inbox set handled = true where event_id = ${eventId}`.execute(tx);
          }
          await sql`
            update dead_letter set outcome = ${outcome}, replay_time = now() where event_id = ${eventId}`.execute(
            tx,
          );
          return { outcome };
        });
      } catch (error) {
        if (isNotFound(error)) throw error;
        const text = messageOf(error).slice(0, 2_000);
        await db.pool.query(
          'update dead_letter set error = $2, attempts = attempts + 1 where event_id = $1',
          [eventId, text],
        );
        return { outcome: 'failed', error: text };
      }
    },
  };
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === 'DEAD_LETTER_NOT_FOUND';
}
