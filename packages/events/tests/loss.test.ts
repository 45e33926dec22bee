import { eventually } from '@cnap/testing';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { restartableNats, type RestartableNats } from './restartable-nats.ts';
import { openShop, type Shop } from './shop.ts';

let nats: RestartableNats;
let shop: Shop;
beforeAll(async () => {
  nats = await restartableNats();
  await nats.start();
});
afterAll(() => nats?.[Symbol.asyncDispose]());
beforeEach(async () => {
  shop = await openShop(nats.url);
  return () => shop[Symbol.asyncDispose]();
});

const resources = (count: number, name = 'ord'): string[] =>
  Array.from({ length: count }, (_, i) => `${name}_${i}`);

/** Which resources' facts the stream holds, one entry per message. */
async function inStream(): Promise<string[]> {
  const { state } = await shop.jsm.streams.info(shop.stream);
  const found: string[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq += 1) {
    const message = await shop.jsm.streams.getMessage(shop.stream, { seq });
    if (message !== null) found.push(message.header.get('ce-subject'));
  }
  return found;
}

const seenResources = async (): Promise<string[]> => (await shop.seen()).map((row) => row.resource_id);

test('a stream that lost its newest messages is filled again, in order, and every effect happens once', async () => {
  const refilled: number[] = [];
  await using billing = await shop.start('billing', { onRefill: (events) => refilled.push(events) });
  for (const id of resources(40)) await shop.order(id, 1);
  await billing.flushed();
  expect(await inStream()).toEqual(resources(40));

  await nats.kill();
  await nats.cutNewest(shop.stream, 3_000);
  await nats.start();
  await eventually(() => expect(refilled.reduce((sum, events) => sum + events, 0)).toBeGreaterThan(0));
  await billing.flushed();
  expect(await inStream()).toEqual(resources(40));

  await using installer = await shop.start('installer');
  await eventually(async () => expect(await seenResources()).toHaveLength(40));
  expect((await seenResources()).toSorted()).toEqual(resources(40).toSorted());
  expect((await installer.listDeadLetters()).deadLetters).toEqual([]);
});

test('newest messages lost after they were consumed do not happen twice, and what follows arrives', async () => {
  await using billing = await shop.start('billing');
  await using running = new AsyncDisposableStack();
  running.use(await shop.start('installer'));
  for (const id of resources(20)) await shop.order(id, 1);
  await billing.flushed();
  await eventually(async () => expect(await seenResources()).toHaveLength(20));

  await nats.kill();
  await nats.cutNewest(shop.stream, 2_000);
  await nats.start();
  await shop.order('ord_next', 1);
  await billing.flushed();
  await eventually(async () => expect(await seenResources()).toContain('ord_next'));
  expect((await seenResources()).toSorted()).toEqual([...resources(20), 'ord_next'].toSorted());
  expect((await inStream()).toSorted()).toEqual([...resources(20), 'ord_next'].toSorted());
});

test('a server that lost everything is filled again', async () => {
  await using billing = await shop.start('billing');
  await using running = new AsyncDisposableStack();
  running.use(await shop.start('installer'));
  for (const id of resources(25)) await shop.order(id, 1);
  await billing.flushed();
  await eventually(async () => expect(await seenResources()).toHaveLength(25));

  await nats.kill();
  await nats.wipe();
  await nats.start();
  await shop.order('ord_next', 1);
  await eventually(async () =>
    expect((await inStream()).toSorted()).toEqual([...resources(25), 'ord_next'].toSorted()),
  );
  await eventually(async () => expect(await seenResources()).toContain('ord_next'));
  expect(await seenResources()).toHaveLength(26);
});

test('a stream deleted while everybody works comes back with what it held', async () => {
  await using billing = await shop.start('billing', { compareMs: 50 });
  await using running = new AsyncDisposableStack();
  running.use(await shop.start('installer'));
  for (const id of resources(10)) await shop.order(id, 1);
  await billing.flushed();
  await shop.jsm.streams.delete(shop.stream);
  await eventually(async () => expect((await inStream()).toSorted()).toEqual(resources(10).toSorted()));
  await shop.order('ord_next', 1);
  await eventually(async () => expect(await seenResources()).toContain('ord_next'));
  expect(await seenResources()).toHaveLength(11);
});

test('a message lost in the middle is published again', async () => {
  await using billing = await shop.start('billing', { compareMs: 50 });
  for (const id of resources(10)) await shop.order(id, 1);
  await billing.flushed();
  await shop.jsm.streams.deleteMessage(shop.stream, 4);
  await eventually(async () =>
    expect(await inStream()).toEqual([...resources(10).filter((id) => id !== 'ord_3'), 'ord_3']),
  );
});

test('NATS is down at the start and later: nothing is lost', async () => {
  await nats.kill();
  await using billing = await shop.start('billing');
  await using running = new AsyncDisposableStack();
  running.use(await shop.start('installer'));
  for (const id of resources(10)) await shop.order(id, 1);
  await nats.start();
  await eventually(async () => expect(await seenResources()).toHaveLength(10));
  await nats.kill();
  for (const id of resources(10, 'later')) await shop.order(id, 1);
  await nats.start();
  await eventually(async () => expect(await seenResources()).toHaveLength(20));
  await billing.flushed();
  expect((await seenResources()).toSorted()).toEqual(
    [...resources(10), ...resources(10, 'later')].toSorted(),
  );
});

test('Postgres drops every session again and again: nothing is lost or doubled', async () => {
  await using billing = await shop.start('billing');
  await using running = new AsyncDisposableStack();
  running.use(await shop.start('installer'));
  const admin = new Client({ connectionString: shop.installer.adminUrl });
  await admin.connect();
  // Other tests run on the same server, as roles of the same names.
  const databases = [shop.billing, shop.installer].map(({ adminUrl }) => new URL(adminUrl).pathname.slice(1));
  let dropped = 0;
  for (const id of resources(30)) {
    await eventually(() => shop.order(id, 1));
    const { rowCount } = await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where usename in ('billing', 'installer') and datname = any($1)`,
      [databases],
    );
    dropped += rowCount ?? 0;
  }
  expect(dropped).toBeGreaterThan(30);
  await admin.end();
  await eventually(() => billing.flushed().then(() => true));
  await eventually(async () => expect(new Set(await seenResources()).size).toBe(30));
  // The transaction of an order may have committed although its answer was lost, so orders may be doubled; events not.
  const rows = await shop.seen();
  expect(new Set(rows.map((row) => row.event_id)).size).toBe(rows.length);
});
