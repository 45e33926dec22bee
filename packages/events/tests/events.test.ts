import { create } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import { DomainError } from '@cnap/errors';
import { eventually } from '@cnap/testing';
import type { Tx } from '@cnap/postgres';
import { currentActor, currentTraceId, withActor, withTrace } from '@cnap/telemetry';
import { jetstream } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publish, subscribe, subscribeToHeaders, type FactHeader } from '../src/index.ts';
import { note, onOrders, openShop, publishOrder, type Shop, type Tables } from './shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop?.[Symbol.asyncDispose]());

const seenOf = async (resourceId: string) =>
  (await shop.seen()).filter((row) => row.resource_id === resourceId);

test('a fact exists only if its transaction commits', async () => {
  const { db } = shop.billing;
  const failing = db.acrossWorkspaces(async (tx) => {
    await publish(tx, {
      service: 'billing',
      resource: 'order',
      fact: 'created',
      id: 'ord_none',
      version: 1,
      workspaceIds: [],
      schema: StringValueSchema,
      message: create(StringValueSchema),
    });
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  const { rows } = await sql`select 1 from outbox where resource_id = 'ord_none'`.execute(db.kysely);
  expect(rows).toEqual([]);
});

test('publishing takes a transaction and nothing else', async () => {
  const { db } = shop.billing;
  const fact = {
    service: 'billing',
    resource: 'order',
    fact: 'created',
    id: 'ord_bare',
    version: 1,
    workspaceIds: [],
    schema: StringValueSchema,
    message: create(StringValueSchema),
  };
  // @ts-expect-error a database is not a transaction
  await expect(publish(db.kysely, fact)).rejects.toThrow(/transaction/);
  const inTransaction = (tx: Tx<Tables>) => publish(tx, { ...fact, fact: 'Not A Fact' });
  await expect(db.acrossWorkspaces(inTransaction)).rejects.toThrow(/not the subject/);
});

test('a subscription names its service', () => {
  const handle = () => Promise.resolve();
  expect(() => subscribe({ subject: '*.v1.order.*', schema: StringValueSchema, handle })).toThrow(/subject/);
  expect(subscribe({ subject: 'billing.v1.>', schema: StringValueSchema, handle }).subject).toBe(
    'billing.v1.>',
  );
});

test('an event arrives as CloudEvent with trace and actor, and its effect is there once', async () => {
  const traceId = 'c'.repeat(32);
  const actor = { kind: 'user', id: 'usr_1' } as const;
  const context: unknown[] = [];
  await using running = new AsyncDisposableStack();
  await using billing = await shop.start('billing');
  running.use(
    await shop.start('installer', {
      subscriptions: [
        onOrders(async (tx, event) => {
          if (event.resourceId !== 'ord_1') return;
          context.push(
            currentTraceId(),
            currentActor(),
            event.fact,
            event.type,
            event.workspaceIds,
            event.version,
          );
          await note(tx, event);
        }),
      ],
    }),
  );
  await withTrace(`00-${traceId}-${'d'.repeat(16)}-01`, () =>
    withActor(actor, () => shop.order('ord_1', 7, 'paid')),
  );
  await billing.flushed();
  await eventually(async () => expect(await seenOf('ord_1')).toHaveLength(1));
  expect(context).toEqual([
    traceId,
    { ...actor, onBehalf: true },
    'changed',
    'billing.v1.order.changed',
    ['ws_a', 'ws_b'],
    7,
  ]);
  expect((await seenOf('ord_1'))[0]).toMatchObject({ text: 'paid', version: '7' });
  const stored = await shop.jsm.streams.getMessage(shop.stream, {
    last_by_subj: `${shop.subjectPrefix}.billing.v1.order.changed`,
  });
  expect(stored?.header.get('ce-specversion')).toBe('1.0');
  expect(stored?.header.get('ce-subject')).toBe('ord_1');
  expect(stored?.header.get('content-type')).toBe('application/protobuf');
  expect(stored?.header.get('traceparent')).toContain(traceId);
});

test('the stream is on disk and keeps 30 days', async () => {
  await using billing = await shop.start('billing');
  await shop.order('ord_stream', 1);
  await billing.flushed();
  const { config } = await shop.jsm.streams.info(shop.stream);
  expect(config).toMatchObject({
    storage: 'file',
    max_age: 30 * 24 * 3_600 * 1_000_000_000,
    num_replicas: 1,
  });
});

test('several relays and consumers: everything once, in order per resource', async () => {
  await using running = new AsyncDisposableStack();
  await using billing = await shop.start('billing');
  running.use(await shop.start('billing'));
  running.use(await shop.start('installer'));
  running.use(await shop.start('installer'));
  const orders = Array.from({ length: 10 }, (_, i) => `ord_many${i}`);
  await Promise.all(
    orders.map(async (id) => {
      for (let version = 1; version <= 20; version += 1) await shop.order(id, version);
    }),
  );
  await billing.flushed();
  await eventually(async () =>
    expect((await shop.seen()).filter((row) => row.resource_id.startsWith('ord_many'))).toHaveLength(200),
  );
  const stream: Record<string, number[]> = {};
  const { state } = await shop.jsm.streams.info(shop.stream);
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await shop.jsm.streams.getMessage(shop.stream, { seq });
    (stream[message?.header.get('ce-subject') ?? ''] ??= []).push(
      Number(message?.header.get('ce-resourceversion')),
    );
  }
  for (const id of orders) expect(stream[id]).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

test('an event delivered twice has one effect', async () => {
  await using running = new AsyncDisposableStack();
  await using billing = await shop.start('billing');
  running.use(await shop.start('installer'));
  await shop.order('ord_twice', 1);
  await billing.flushed();
  const last = await shop.jsm.streams.getMessage(shop.stream, {
    last_by_subj: `${shop.subjectPrefix}.billing.v1.order.changed`,
  });
  if (last === null) throw new Error('not in the stream');
  const connection = await connect({ servers: shop.natsUrl });
  const again = headers();
  for (const [name, values] of last.header) again.set(name, values[0] ?? '');
  again.delete('Nats-Msg-Id');
  again.delete('Nats-Expected-Last-Sequence');
  await jetstream(connection).publish(last.subject, last.data, { headers: again });
  await connection.close();
  await shop.order('ord_twice', 2); // the relay meets a stream that somebody else has written to
  await billing.flushed();
  await eventually(async () => expect((await seenOf('ord_twice')).map((row) => row.version)).toContain('2'));
  expect((await seenOf('ord_twice')).map((row) => row.version)).toEqual(['1', '2']);
});

test('a poison event ends in the dead letters, holds up nobody, and can be replayed', async () => {
  let poisonous = true;
  let tries = 0;
  await using billing = await shop.start('billing');
  await using installer = await shop.start('installer', {
    subscriptions: [
      onOrders(async (tx, event) => {
        await note(tx, event);
        if (event.resourceId !== 'ord_poison') return;
        tries += 1;
        if (poisonous) throw new Error('cannot digest this');
      }),
    ],
  });
  await shop.order('ord_poison', 1);
  await shop.order('ord_after', 1);
  await billing.flushed();
  await eventually(async () => expect(await seenOf('ord_after')).toHaveLength(1));
  const letter = await eventually(async () => {
    const { deadLetters } = await installer.listDeadLetters();
    const found = deadLetters.find(({ resourceId }) => resourceId === 'ord_poison');
    expect(found).toBeDefined();
    return found;
  });
  expect(letter).toMatchObject({
    error: 'cannot digest this',
    attempts: 10,
    subject: 'billing.v1.order.changed',
  });
  expect(tries).toBe(10);
  expect(await seenOf('ord_poison')).toEqual([]);

  const eventId = letter?.eventId ?? '';
  expect(await installer.replayDeadLetter(eventId)).toEqual({
    outcome: 'failed',
    error: 'cannot digest this',
  });
  poisonous = false;
  expect(await installer.replayDeadLetter(eventId)).toEqual({ outcome: 'handled' });
  expect(await seenOf('ord_poison')).toHaveLength(1);
  await expect(installer.replayDeadLetter(eventId)).rejects.toMatchObject({
    reason: 'DEAD_LETTER_NOT_FOUND',
  });
});

test('a replay that newer facts have overtaken is dropped and says so', async () => {
  await using billing = await shop.start('billing');
  await using installer = await shop.start('installer', {
    subscriptions: [
      onOrders(async (tx, event) => {
        if (event.resourceId === 'ord_old' && event.version === 1) throw new Error('only the first');
        await note(tx, event);
      }),
    ],
  });
  await shop.order('ord_old', 1);
  await shop.order('ord_old', 2);
  await billing.flushed();
  const letter = await eventually(async () => {
    const { deadLetters } = await installer.listDeadLetters({ pageSize: 1 });
    expect(deadLetters[0]?.resourceId).toBe('ord_old');
    return deadLetters[0];
  });
  await eventually(async () => expect(await seenOf('ord_old')).toHaveLength(1));
  expect(await installer.replayDeadLetter(letter?.eventId ?? '')).toEqual({ outcome: 'overtaken' });
  expect((await seenOf('ord_old')).map((row) => row.version)).toEqual(['2']);
});

test('a history takes facts whatever their messages are, and leaves no trace of what it does not want', async () => {
  const heard: FactHeader[] = [];
  await using billing = await shop.start('billing');
  await using installer = await shop.start('installer', {
    subscriptions: [
      subscribeToHeaders({
        subject: 'billing.v1.>',
        wants: ({ resourceId }) => resourceId.startsWith('ord_history'),
        handle: async (_, fact) => {
          if (fact.resourceId === 'ord_history' && fact.version === 1 && heard.length === 0) {
            throw new Error('only later');
          }
          heard.push(fact);
        },
      }),
    ],
  });
  await shop.order('ord_unwanted', 1);
  await shop.order('ord_history', 1);
  const letter = await eventually(async () => {
    const { deadLetters } = await installer.listDeadLetters({ pageSize: 1 });
    expect(deadLetters[0]?.resourceId).toBe('ord_history');
    return deadLetters[0];
  });
  await shop.order('ord_history', 2);
  await billing.flushed();
  await eventually(() => expect(heard).toHaveLength(1));
  // A newer fact has been handled; a history has a place for the older one all the same.
  expect(await installer.replayDeadLetter(letter?.eventId ?? '')).toEqual({ outcome: 'handled' });
  expect(heard).toMatchObject([
    { resourceId: 'ord_history', version: 2, fact: 'changed', workspaceIds: ['ws_a', 'ws_b'] },
    { resourceId: 'ord_history', version: 1, type: 'billing.v1.order.changed' },
  ]);
  const { rows } = await sql`select 1 from inbox where resource_id = 'ord_unwanted'`.execute(
    shop.installer.db.kysely,
  );
  expect(rows).toEqual([]);
});

test('a message that is no event of ours ends in the dead letters', async () => {
  await using installer = await shop.start('installer'); // makes the stream if nobody has
  await eventually(() => shop.jsm.streams.info(shop.stream));
  const connection = await connect({ servers: shop.natsUrl });
  await jetstream(connection).publish(`${shop.subjectPrefix}.billing.v1.order.changed`, 'hello');
  await connection.close();
  await eventually(async () => {
    const { deadLetters } = await installer.listDeadLetters();
    expect(deadLetters.map(({ error }) => error)).toContainEqual(expect.stringMatching(/the event has no/));
  });
});

test('what another service cannot answer at the moment is not counted', async () => {
  let tries = 0;
  await using billing = await shop.start('billing');
  await using installer = await shop.start('installer', {
    subscriptions: [
      onOrders(async (tx, event) => {
        if (event.resourceId !== 'ord_patient') return;
        tries += 1;
        if (tries < 3) throw new DomainError('unavailable', 'INSTALLER_UNAVAILABLE', 'later');
        await note(tx, event);
      }),
    ],
  });
  await shop.order('ord_patient', 1);
  await billing.flushed();
  await eventually(async () => expect(await seenOf('ord_patient')).toHaveLength(1));
  const { rows } = await sql`select 1 from inbox_failure`.execute(shop.installer.db.kysely);
  expect(rows).toEqual([]);
  expect((await installer.listDeadLetters()).deadLetters.map(({ resourceId }) => resourceId)).not.toContain(
    'ord_patient',
  );
});

test('many events come through while both sides stop and start', async () => {
  const ids = Array.from({ length: 150 }, (_, i) => `ord_restart${i}`);
  const publishing = (async () => {
    for (const id of ids) await publishOrder(shop.billing.db, id, 1);
  })();
  for (let round = 0; round < 4; round += 1) {
    await using running = new AsyncDisposableStack();
    await using billing = await shop.start('billing');
    running.use(await shop.start('installer'));
    await billing.flushed();
  }
  await publishing;
  await using running = new AsyncDisposableStack();
  await using billing = await shop.start('billing');
  running.use(await shop.start('installer'));
  await billing.flushed();
  await eventually(async () => {
    const seen = (await shop.seen()).filter((row) => row.resource_id.startsWith('ord_restart'));
    expect(seen.map((row) => row.resource_id).toSorted()).toEqual(ids.toSorted());
  });
});
