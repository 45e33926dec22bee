import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '@cnap/postgres';
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  jetstream,
  jetstreamManager,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { EventHeaders } from './cloud-event.ts';
import type { AnySubscription } from './event.ts';
import { handleDelivery } from './handle-delivery.ts';
import type { Delivery } from './inbox-store.ts';
import { createLanes } from './lanes.ts';
import { ensureStream, isApiError, streamName, wireSubject, type Naming } from './stream.ts';

/** What the consumer of one stream works with. */
export type ConsumerOptions = Naming & {
  // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
  db: Database<any>;
  /** The consumer. */
  service: string;
  /** Whose events it consumes. */
  source: string;
  subscriptions: AnySubscription[];
  /** The pause after a first failure; it doubles up to 30 s. */
  firstRetryMs: number;
  replicas: number | undefined;
  onError: (error: unknown, doing: string) => void;
};

const apiTimeoutMs = 5_000;
const reconnectMs = 500;
const postponeMs = 1_000;
const longestRetryMs = 30_000;
const parallel = 6;

/** Consumes until the signal; throws nothing. Several processes of a service share the durable consumer. */
export async function runConsumer(
  options: ConsumerOptions,
  connection: NatsConnection,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await consume(options, connection, signal);
    } catch (error) {
      if (!signal.aborted) options.onError(error, `consume ${options.source}`);
    }
    await pause(reconnectMs, undefined, { signal }).catch(() => undefined);
  }
}

async function consume(
  options: ConsumerOptions,
  connection: NatsConnection,
  signal: AbortSignal,
): Promise<void> {
  const jsm = await jetstreamManager(connection, { timeout: apiTimeoutMs, checkAPI: false });
  await ensureStream(jsm, options.source, options);
  await ensureConsumer(jsm, options);
  const stream = streamName(options.source, options);
  const consumer = await jetstream(connection, { timeout: apiTimeoutMs }).consumers.get(
    stream,
    options.service,
  );
  const messages = await consumer.consume({ max_messages: 200, abort_on_missing_resource: true });
  const close = (): void => messages.stop();
  signal.addEventListener('abort', close, { once: true });
  // Events of one resource one after the other, those of different resources beside each other.
  const lanes = createLanes(parallel);
  try {
    if (signal.aborted) return;
    for await (const message of messages) {
      if (signal.aborted) break; // unacknowledged; it is delivered again
      await lanes.run(message.headers?.get('ce-subject') ?? '', () => handle(options, message));
    }
  } finally {
    signal.removeEventListener('abort', close);
    messages.stop();
    await lanes.finished();
  }
}

async function ensureConsumer(jsm: JetStreamManager, options: ConsumerOptions): Promise<void> {
  const stream = streamName(options.source, options);
  try {
    await jsm.consumers.info(stream, options.service);
    return;
  } catch (error) {
    if (!isApiError(error, JetStreamApiCodes.ConsumerNotFound)) throw error;
  }
  // No filter: servers before 2.10 know one subject per consumer, and a service may come to want more.
  await jsm.consumers.add(stream, {
    durable_name: options.service,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: 60_000 * 1_000_000,
    max_deliver: -1,
    max_ack_pending: 2_000,
  });
}

async function handle(options: ConsumerOptions, message: JsMsg): Promise<void> {
  const result = await handleDelivery(options.db, options.subscriptions, deliveryOf(message, options));
  switch (result.outcome) {
    case 'failed':
      options.onError(new Error(result.error), `handle ${message.subject}`);
      message.nak(Math.min(longestRetryMs, options.firstRetryMs * 2 ** (result.failures - 1)));
      break;
    case 'postponed':
      message.nak(postponeMs);
      break;
    case 'dead':
      options.onError(new Error(result.error), `give up ${message.subject}`);
      message.ack();
      break;
    default:
      message.ack();
  }
}

function deliveryOf(message: JsMsg, naming: Naming): Delivery {
  const headers: EventHeaders = {};
  for (const [name, values] of message.headers ?? []) headers[name.toLowerCase()] = values[0] ?? '';
  const prefix = wireSubject('', naming);
  const subject = message.subject.slice(prefix.length);
  const [service = '', , resource = ''] = subject.split('.');
  const version = Number(headers['ce-resourceversion']);
  return {
    // What has no id is not one of ours; its place in the stream names it.
    id: headers['ce-id'] ?? `${message.info.stream}:${message.seq}`,
    subject,
    resource: `${service}.${resource}`,
    resourceId: headers['ce-subject'] ?? '',
    version: Number.isSafeInteger(version) ? version : 0,
    headers,
    payload: message.data,
  };
}
