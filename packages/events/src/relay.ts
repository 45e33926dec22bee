import { randomUUID } from 'node:crypto';
import type { Database } from '@cnap/postgres';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { createAlarm } from './alarm.ts';
import * as store from './outbox-store.ts';
import type { OutboxRow } from './outbox-store.ts';
import { channelOf } from './publish.ts';
import { ensureStream, wireSubject, type Naming } from './stream.ts';

/** What a relay works with. */
export type RelayOptions = Naming & {
  // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
  db: Database<any>;
  service: string;
  pollMs: number;
  /** How often to compare the stream with the outbox without a cause. */
  compareMs: number;
  replicas: number | undefined;
  onError: (error: unknown, doing: string) => void;
  onRefill: (events: number) => void;
};

const batchSize = 200;
const leaseMs = 5_000;
const apiTimeoutMs = 4_000; // shorter than the lease

/** Brings events from the outbox to the service's stream. */
export type Relay = {
  /** Works over this connection until the signal; throws nothing. */
  run(connection: NatsConnection, signal: AbortSignal): Promise<void>;
  /** The stream may have lost something: compare before the next event. */
  suspect(): void;
  /** Lets another relay begin. */
  release(): Promise<void>;
};

/**
 * One relay publishes at a time, by a lease. Every message says which sequence number it expects the stream to be
 * at: so neither a message that got lost on the way nor a relay that was frozen can put events out of order, and a
 * stream that has lost its newest messages is noticed by the next one.
 */
export function createRelay(options: RelayOptions): Relay {
  const { db, service, onError } = options;
  const holder = randomUUID();
  // Where the stream is; undefined when it has to be asked.
  let lastSeq: number | undefined;
  let comparedAt = 0;
  let cleanedAt = 0;

  async function compare(connection: NatsConnection): Promise<void> {
    const jsm = await jetstreamManager(connection, { timeout: apiTimeoutMs, checkAPI: false });
    const { created, state } = await ensureStream(jsm, service, options);
    const lost = await store.reopenLost(db, {
      created: new Date(created),
      firstSeq: state.first_seq,
      lastSeq: state.last_seq,
      deleted: state.deleted ?? [],
    });
    if (lost > 0) options.onRefill(lost);
    lastSeq = state.last_seq;
    comparedAt = performance.now();
  }

  /** @returns whether there may be more to do at once */
  async function relayBatch(connection: NatsConnection): Promise<boolean> {
    let rows = await store.leaseOutbox(db, holder, leaseMs, batchSize);
    if (rows === undefined) {
      lastSeq = undefined; // somebody else publishes meanwhile
      return false;
    }
    if (lastSeq === undefined || performance.now() - comparedAt > options.compareMs) {
      await compare(connection);
      rows = (await store.leaseOutbox(db, holder, leaseMs, batchSize)) ?? [];
    }
    if (rows.length > 0) await publishInOrder(connection, rows);
    if (performance.now() - cleanedAt > 3_600_000 || cleanedAt === 0) {
      cleanedAt = performance.now();
      await store.removeExpired(db);
    }
    return rows.length === batchSize;
  }

  async function publishInOrder(connection: NatsConnection, rows: OutboxRow[]): Promise<void> {
    const js = jetstream(connection, { timeout: apiTimeoutMs });
    const before = lastSeq ?? 0;
    lastSeq = undefined; // until every one of them was acknowledged where it was expected
    const answers = await Promise.allSettled(
      rows.map((row, i) =>
        js.publish(wireSubject(row.subject, options), row.payload, {
          // A lost event has a new id: the server may still remember the one it lost.
          msgID: row.stream_seq === null ? row.id : `${row.id}@${row.stream_seq}`,
          headers: headersOf(row),
          timeout: apiTimeoutMs,
          retries: 0, // a repetition would not know its place
          expect: { lastSequence: before + i },
        }),
      ),
    );
    const acknowledged: { id: string; seq: number }[] = [];
    let failure: unknown;
    answers.forEach((answer, i) => {
      const row = rows[i];
      if (row === undefined) return;
      if (answer.status === 'fulfilled') acknowledged.push({ id: row.id, seq: answer.value.seq });
      else failure ??= answer.reason;
    });
    if (acknowledged.length > 0) await store.markPublished(db, acknowledged);
    if (acknowledged.length === 0 && failure !== undefined) throw failure;
    const inPlace = acknowledged.every(({ seq }, i) => seq === before + i + 1);
    if (failure === undefined && inPlace) lastSeq = before + rows.length;
  }

  return {
    async run(connection, signal) {
      const alarm = createAlarm();
      const ring = (): void => alarm.ring();
      signal.addEventListener('abort', ring, { once: true });
      using listening = db.listen(channelOf(db.schema), ring);
      lastSeq = undefined;
      while (!signal.aborted) {
        alarm.clear();
        let more = false;
        try {
          more = await relayBatch(connection);
        } catch (error) {
          lastSeq = undefined;
          if (!signal.aborted) onError(error, 'relay');
        }
        // After a partial failure the rest is asked for again at once, with a fresh look at the stream.
        if (!more && !signal.aborted) await alarm.wait(options.pollMs);
      }
      listening[Symbol.dispose]();
    },
    suspect() {
      lastSeq = undefined;
    },
    release: () => store.releaseOutbox(db, holder),
  };
}

function headersOf(row: OutboxRow): ReturnType<typeof headers> {
  const result = headers();
  for (const [name, value] of Object.entries(row.headers)) result.set(name, value);
  return result;
}
