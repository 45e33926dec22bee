import { newId } from '@cnap/ids';
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually } from '@cnap/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  aCheckout,
  aShop,
  installBecomes,
  orderOf,
  pay,
  startTestBilling,
  untilState,
  wakeByInstall,
  webhookSecret,
  type Shop,
  type TestBilling,
} from './harness.ts';

let billing: TestBilling;
let shop: Shop;

beforeAll(async () => {
  billing = await startTestBilling();
  shop = await aShop(billing);
});
afterAll(() => billing[Symbol.asyncDispose]());
afterEach(() => billing.sim.faults.clear());

/** An event such as Stripe would send it. */
const anEvent = (fields: object = {}): string =>
  JSON.stringify({
    id: `evt_${newId('evt')}`,
    object: 'event',
    type: 'checkout.session.completed',
    account: shop.accountId,
    data: { object: { id: 'cs_test_x', object: 'checkout.session', metadata: {} } },
    ...fields,
  });

function signed(body: string, options: { secret?: string; timestamp?: number } = {}): string {
  const { secret = webhookSecret, timestamp = Math.floor(Date.now() / 1_000) } = options;
  return billing.stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
}

async function send(body: string, signature?: string, method = 'POST') {
  const response = await fetch(`${billing.url}/webhooks/stripe`, {
    method,
    headers: { 'content-type': 'application/json', ...(signature ? { 'stripe-signature': signature } : {}) },
    ...(method === 'POST' ? { body } : {}),
  });
  return {
    status: response.status,
    body: (await response.json()) as { error?: { code: string; message: string } },
  };
}

const storedEvents = () =>
  billing.database.db.acrossWorkspaces((tx) => tx.selectFrom('stripe_event').selectAll().execute());

/** How many installs an order got, and by how many keys. */
const installsOf = (orderId: string) => {
  const ensured = billing.installer.ensured.filter((request) => request.orderId === orderId);
  return { keys: new Set(ensured.map(({ idempotencyKey }) => idempotencyKey)).size, calls: ensured.length };
};

describe('the door', () => {
  test.each([
    ['unsigned', (_body: string) => undefined, 'not signed'],
    ['signed by somebody else', (body: string) => signed(body, { secret: 'whsec_other' }), 'does not belong'],
    ['signed for another body', (_body: string) => signed('{}'), 'does not belong'],
    [
      'signed too long ago',
      (body: string) => signed(body, { timestamp: Math.floor(Date.now() / 1_000) - 301 }),
      'old',
    ],
    ['with a header that is none', (_body: string) => 'nonsense', 'does not belong'],
  ])('a webhook %s is refused and leaves nothing', async (_name, signatureOf, words) => {
    const body = anEvent();
    const { id } = JSON.parse(body) as { id: string };
    const answer = await send(body, signatureOf(body));
    expect(answer.status).toBe(400);
    expect(answer.body.error).toMatchObject({
      code: 'WEBHOOK_SIGNATURE_INVALID',
      message: expect.stringContaining(words),
    });
    expect((await storedEvents()).map((event) => event.id)).not.toContain(id);
  });

  test('what is not a webhook is refused in words', async () => {
    expect((await send('', undefined, 'GET')).status).toBe(405);
    expect((await send('x'.repeat(1_100_000), 'x')).status).toBe(413);
    const notJson = 'not json';
    expect((await send(notJson, signed(notJson))).status).toBe(400);
  });

  test('an event is stored once, whenever it is replayed', async () => {
    const body = anEvent();
    const { id } = JSON.parse(body) as { id: string };
    const signature = signed(body);
    expect((await send(body, signature)).status).toBe(200);
    expect((await send(body, signature)).status).toBe(200);
    const stored = (await storedEvents()).filter((event) => event.id === id);
    expect(stored).toHaveLength(1);
  });

  test('events of unknown accounts are kept and ignored', async () => {
    const body = anEvent({ account: 'acct_unknown' });
    const { id } = JSON.parse(body) as { id: string };
    expect((await send(body, signed(body))).status).toBe(200);
    await eventually(
      async () => (await storedEvents()).find((event) => event.id === id)?.state === 'ignored',
    );
  });

  test("metadata that names an order of another seller's account wakes nothing", async () => {
    const { order } = await aCheckout(billing, shop);
    const body = anEvent({
      account: 'acct_other',
      data: { object: { id: 'cs_x', object: 'checkout.session', metadata: { orderId: order.id } } },
    });
    const { id } = JSON.parse(body) as { id: string };
    await send(body, signed(body));
    await eventually(
      async () => (await storedEvents()).find((event) => event.id === id)?.state === 'ignored',
    );
    const row = await billing.database.db.acrossWorkspaces((tx) =>
      tx.selectFrom('orders').select('stripe_event_id').where('id', '=', order.id).executeTakeFirst(),
    );
    expect(row).toEqual({ stripe_event_id: null });
  });
});

describe('on the way', () => {
  const sale = async () => {
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    await pay(checkoutUrl);
    await untilState(billing, order.id, OrderState.DEPLOYING);
    await installBecomes(billing, order.id, InstallState.RUNNING);
    await untilState(billing, order.id, OrderState.FULFILLED);
    await billing.sim.webhooksIdle();
    return order.id;
  };

  test('every webhook three times: one install', async () => {
    billing.sim.faults.add({ kind: 'webhook-duplicate', count: 3 });
    expect(installsOf(await sale()).keys).toBe(1);
  });

  test('webhooks in reverse: one install', async () => {
    billing.sim.faults.add({ kind: 'webhook-reorder', count: 4 });
    expect(installsOf(await sale()).keys).toBe(1);
  });

  test('the paid event sent again after the sale changes nothing', async () => {
    const orderId = await sale();
    const before = await orderOf(billing, orderId);
    const [event] = (await storedEvents()).filter(
      ({ type, refs }) => type === 'checkout.session.completed' && refs.orderId === orderId,
    );
    await fetch(`${billing.sim.url}/_sim/events/${event?.id}/resend`, { method: 'POST' });
    await billing.sim.webhooksIdle();
    expect(await orderOf(billing, orderId)).toEqual(before);
    expect(installsOf(orderId).keys).toBe(1);
  });

  test('no webhook at all: the order finds out by itself', async () => {
    billing.sim.faults.add({ kind: 'webhook-drop' });
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    await pay(checkoutUrl);
    expect((await orderOf(billing, order.id)).state).toBe(OrderState.OPEN);
    const due = await billing.database.db.pool.query<{ minutes: string }>(
      `select extract(epoch from due_at - now()) / 60 as minutes from reconcile_task where kind = 'order' and key = $1`,
      [order.id],
    );
    expect(Number(due.rows[0]?.minutes)).toBeLessThanOrEqual(5);
    // Those 5 minutes pass: any wake is as good as the clock.
    await wakeByInstall(billing, order.id, newId('ins'));
    await untilState(billing, order.id, OrderState.DEPLOYING);
    expect(billing.installer.ensured.find(({ orderId }) => orderId === order.id)?.idempotencyKey).toBe(
      `idk_${order.id}`,
    );
  });

  test('other events of a payment are enough when the paid event is lost', async () => {
    billing.sim.faults.add({ kind: 'webhook-drop', type: 'checkout.session.*' });
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    await pay(checkoutUrl);
    await untilState(billing, order.id, OrderState.DEPLOYING);
    expect(installsOf(order.id).keys).toBe(1);
  });
});
