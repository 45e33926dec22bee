import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import { createLogger } from '@cnap/telemetry';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { runConsumer } from './consumer.ts';
import { deadLettersOf, type DeadLetterPage, type Replay } from './dead-letter.ts';
import type { AnySubscription } from './event.ts';
import { countUnpublished } from './outbox-store.ts';
import { createRelay } from './relay.ts';

/** How a service takes part in events. */
export type EventsOptions = {
  // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
  db: Database<any>;
  natsUrl: string;
  /** Names its stream (`CNAP_BILLING`) and its consumers of other streams. */
  service: string;
  subscriptions: AnySubscription[];
  /** Sets streams and subjects apart on a shared server; for tests. */
  subjectPrefix?: string;
  /** How often the relay looks without being notified; 1 s unless told. */
  relayPollMs?: number;
  /** How often the stream is compared with the outbox without a cause; 30 s unless told. */
  compareMs?: number;
  /** The pause after a handler's first failure, 100 ms unless told. */
  firstRetryMs?: number;
  /** Copies of the stream, when it has to be created: 3 on a NATS cluster; 1 unless told. */
  replicas?: number;
  /** Hears of what failed and will be tried again; the log unless told. */
  onError?: (error: unknown, doing: string) => void;
  /** Hears how many events a stream had lost; the log unless told. */
  onRefill?: (events: number) => void;
};

/** The running relay and consumers of a service. */
export type Events = AsyncDisposable & {
  /** Waits until the stream has every event that was committed. For tests. */
  flushed(): Promise<void>;
  /** Events that could not be handled, newest first; for the DeadLetterService. */
  listDeadLetters(page?: { pageSize?: number; pageToken?: string }): Promise<DeadLetterPage>;
  /** Handles a dead letter again, unless newer facts have overtaken it. */
  replayDeadLetter(eventId: string): Promise<Replay>;
};

const reconnectMs = 250;

/** Starts relay and consumers. Postgres and NATS may be down, now and later: both are waited for. */
export function startEvents(options: EventsOptions): Promise<Events> {
  const { db, service, subscriptions, replicas } = options;
  const subjectPrefix = options.subjectPrefix || undefined; // an empty setting is none
  const logger = createLogger(service);
  const onError =
    options.onError ??
    ((error: unknown, doing: string) => logger.warn({ err: error, doing }, `events: ${messageOf(error)}`));
  const onRefill =
    options.onRefill ??
    ((events: number) =>
      logger.warn({ events }, 'events: the stream had lost events, publishing them again'));
  const stop = new AbortController();
  const relay = createRelay({
    db,
    service,
    subjectPrefix,
    replicas,
    pollMs: options.relayPollMs ?? 1_000,
    compareMs: options.compareMs ?? 30_000,
    onError,
    onRefill,
  });
  const sources = Map.groupBy(subscriptions, ({ subject }) => subject.slice(0, subject.indexOf('.')));

  async function work(connection: NatsConnection): Promise<void> {
    const session = new AbortController();
    const end = (): void => session.abort();
    stop.signal.addEventListener('abort', end, { once: true });
    if (stop.signal.aborted) end();
    const watching = watch(connection, () => relay.suspect());
    void connection.closed().then(end, end); // settles at the latest with the close below
    const consumers = [...sources].map(([source, ofSource]) =>
      runConsumer(
        {
          db,
          service,
          source,
          subscriptions: ofSource,
          subjectPrefix,
          replicas,
          firstRetryMs: options.firstRetryMs ?? 100,
          onError,
        },
        connection,
        session.signal,
      ),
    );
    await Promise.all([relay.run(connection, session.signal), ...consumers]);
    stop.signal.removeEventListener('abort', end);
    // Acknowledgements that are under way go out; a server that is away does not hold this up.
    if (!connection.isClosed()) await connection.flush().catch(() => undefined);
    await connection.close();
    await watching;
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await work(await connectTo(options.natsUrl, `cnap-${service}`));
      } catch (error) {
        onError(error, 'connect to NATS');
      }
      await pause(reconnectMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
    await relay.release().catch((error: unknown) => onError(error, 'release the outbox'));
  }

  const running = run();
  const deadLetters = deadLettersOf(db, subscriptions);
  return Promise.resolve({
    async flushed() {
      while ((await countUnpublished(db)) > 0) await pause(10);
    },
    listDeadLetters: (page = {}) => deadLetters.list(page),
    replayDeadLetter: (eventId) => deadLetters.replay(eventId),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  });
}

function connectTo(url: string, name: string): Promise<NatsConnection> {
  return connect({
    servers: url,
    name,
    timeout: 5_000,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    pingInterval: 5_000, // a server that is frozen or cut off is noticed within 15 s
    maxPingOut: 2,
  });
}

async function watch(connection: NatsConnection, reconnected: () => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'reconnect') reconnected();
  }
}
