import { create } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import { testDatabase, testNats, type TestDatabase } from '@cnap/testing';
import type { Database, Migration, Tx } from '@cnap/postgres';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { sql } from 'kysely';
import {
  eventsMigrations,
  publish,
  startEvents,
  subscribe,
  type AnySubscription,
  type Events,
  type EventsOptions,
  type ReceivedEvent,
} from '../src/index.ts';

export type Tables = {
  seen: {
    position: number;
    consumer: string;
    event_id: string;
    resource_id: string;
    version: string;
    text: string;
  };
};

const migrations: Record<string, Migration> = {
  ...eventsMigrations,
  '0001_seen': {
    up: async (db) =>
      void (await sql`create table seen (position bigint generated always as identity, consumer text not null,
        event_id text not null, resource_id text not null, version bigint not null, text text not null)`.execute(
        db,
      )),
  },
};

export type Handle = (tx: Tx<Tables>, event: ReceivedEvent<{ value: string }>) => Promise<void>;

/** Two services on databases of their own: `billing` publishes, `installer` consumes. */
export interface Shop extends AsyncDisposable {
  readonly billing: TestDatabase<Tables>;
  readonly installer: TestDatabase<Tables>;
  readonly natsUrl: string;
  readonly subjectPrefix: string;
  readonly stream: string;
  readonly jsm: JetStreamManager;
  start(side: 'billing' | 'installer', options?: Partial<EventsOptions>): Promise<Events>;
  /** One fact of an order, in a transaction of its own. */
  order(id: string, version: number, text?: string): Promise<void>;
  seen(): Promise<Tables['seen'][]>;
}

export const note: Handle = async (tx, event) => {
  await sql`insert into seen (consumer, event_id, resource_id, version, text)
    values ('installer', ${event.id}, ${event.resourceId}, ${event.version}, ${event.message.value})`.execute(
    tx,
  );
};

export const onOrders = (handle: Handle, subject = 'billing.v1.order.*'): AnySubscription =>
  subscribe({ subject, schema: StringValueSchema, handle });

export async function publishOrder(
  db: Database<Tables>,
  id: string,
  version: number,
  text = `${id} ${version}`,
) {
  await db.acrossWorkspaces((tx) =>
    publish(tx, {
      service: 'billing',
      resource: 'order',
      fact: 'changed',
      id,
      version,
      workspaceIds: ['ws_a', 'ws_b'],
      schema: StringValueSchema,
      message: create(StringValueSchema, { value: text }),
    }),
  );
}

export async function openShop(natsUrl?: string): Promise<Shop> {
  await using stack = new AsyncDisposableStack();
  const billing = stack.use(await testDatabase<Tables>('billing', migrations));
  const installer = stack.use(await testDatabase<Tables>('installer', migrations));
  const nats = testNats();
  const url = natsUrl ?? nats.url;
  const { subjectPrefix } = nats;
  const stream = `${subjectPrefix}_CNAP_BILLING`;
  const connection = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  stack.defer(() => connection.close());
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  stack.defer(() => void jsm.streams.delete(stream).catch(() => undefined));
  const open = stack.move();
  return {
    billing,
    installer,
    natsUrl: url,
    subjectPrefix,
    stream,
    jsm,
    start: (side, options = {}) =>
      startEvents({
        db: side === 'billing' ? billing.db : installer.db,
        service: side,
        natsUrl: url,
        subjectPrefix,
        subscriptions: side === 'installer' ? [onOrders(note)] : [],
        firstRetryMs: 1,
        relayPollMs: 100,
        onError: () => undefined,
        onRefill: () => undefined,
        ...options,
      }),
    order: (id, version, text) => publishOrder(billing.db, id, version, text),
    seen: () => installer.db.kysely.selectFrom('seen').selectAll().orderBy('position').execute(),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
