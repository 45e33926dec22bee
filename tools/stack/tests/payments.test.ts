// What can go wrong between the buyer's click and the money: no install, or exactly one.
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually } from '@cnap/testing';
import { Stripe } from 'stripe';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startPlatform, type Platform } from './platform.ts';
import {
  aCheckout,
  buyOnce,
  chargesOf,
  installsOf,
  namespacesOf,
  orderOf,
  pay,
  sessionsOf,
  statesOf,
  untilInstall,
  untilOrder,
} from './sales.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());
afterEach(() => platform.stripesim.faults.clear());

const products = ['one_time', 'monthly'] as const;
const delivered = ['OPEN', 'AUTHORIZED', 'DEPLOYING', 'FULFILLED'];

/** The sale happened, once: one session, one charge, one install, one namespace more than before. */
async function expectSoldOnce(orderId: string, namespacesBefore: number): Promise<void> {
  const order = await untilOrder(platform, orderId, OrderState.FULFILLED);
  expect(statesOf(order)).toEqual(delivered);
  expect(await sessionsOf(platform, orderId)).toHaveLength(1);
  const charges = await chargesOf(platform, orderId);
  expect(charges).toHaveLength(1);
  expect(charges).toMatchObject([{ amount_captured: charges[0]?.amount, amount_refunded: 0 }]);
  expect(await installsOf(platform, orderId)).toHaveLength(1);
  expect(await namespacesOf(platform)).toHaveLength(namespacesBefore + 1);
}

/** Everything that Stripe had to tell was told and dealt with. */
async function untilQuiet(): Promise<void> {
  await platform.stripesim.webhooksIdle(AbortSignal.timeout(60_000));
  await eventually(async () => {
    const { rows } = await platform.database.query(
      "select key, last_error from billing.reconcile_task where kind = 'stripe-event' and done_at is null",
    );
    expect(rows).toEqual([]);
  });
}

describe.each(products)('%s', (product) => {
  test('declined: nothing is sold, and another card still buys', async () => {
    const before = (await namespacesOf(platform)).length;
    const { order, checkoutUrl } = await aCheckout(platform, platform.sample.products[product]);
    expect(await pay(checkoutUrl, 'declined')).toBe('declined');
    await untilQuiet();
    expect(await orderOf(platform, order.id)).toMatchObject({ state: OrderState.OPEN, installId: '' });
    expect(await installsOf(platform, order.id)).toEqual([]);
    expect(await namespacesOf(platform)).toHaveLength(before);
    expect(await pay(checkoutUrl)).toBe('paid');
    await expectOnceThough(order.id, before);
  });

  /** After a declined card Stripe has the failed charge beside the good one. */
  async function expectOnceThough(orderId: string, before: number): Promise<void> {
    await untilOrder(platform, orderId, OrderState.FULFILLED);
    const paid = (await chargesOf(platform, orderId)).filter(({ status }) => status === 'succeeded');
    expect(paid).toHaveLength(1);
    expect(await installsOf(platform, orderId)).toHaveLength(1);
    expect(await namespacesOf(platform)).toHaveLength(before + 1);
  }

  test('abandoned: the order expires with its session, and nothing is installed', async () => {
    const before = await namespacesOf(platform);
    const { order } = await aCheckout(platform, platform.sample.products[product]);
    platform.stripesim.advance(25 * 3_600);
    const expired = await untilOrder(platform, order.id, OrderState.EXPIRED);
    expect(expired).toMatchObject({ reason: 'ABANDONED', installId: '' });
    expect(expired.message).not.toBe('');
    expect(await sessionsOf(platform, order.id)).toMatchObject([{ status: 'expired' }]);
    expect(await installsOf(platform, order.id)).toEqual([]);
    expect(await namespacesOf(platform)).toEqual(before);
  });

  test.each([
    ['three times each', { kind: 'webhook-duplicate', count: 3 }],
    ['in reverse', { kind: 'webhook-reorder', count: 3 }],
    ['late', { kind: 'webhook-delay', delay_ms: 400 }],
  ] as const)('webhooks that come %s: one sale', async (_, fault) => {
    const before = (await namespacesOf(platform)).length;
    const { order, checkoutUrl } = await aCheckout(platform, platform.sample.products[product]);
    platform.stripesim.faults.add(fault);
    await pay(checkoutUrl);
    await expectSoldOnce(order.id, before);
    await untilQuiet();
    await expectSoldOnce(order.id, before);
  });

  test('webhooks that never come: the sale is found by looking again', async () => {
    const before = (await namespacesOf(platform)).length;
    const { order, checkoutUrl } = await aCheckout(platform, platform.sample.products[product]);
    platform.stripesim.faults.add({ kind: 'webhook-drop' });
    await pay(checkoutUrl);
    await platform.stripesim.webhooksIdle(AbortSignal.timeout(60_000));
    expect((await orderOf(platform, order.id)).state).toBe(OrderState.OPEN);
    await platform.lookAgain('billing');
    await expectSoldOnce(order.id, before);
  });
});

/** Whatever the buyer's bank says to the renewals of an order's subscription. */
async function renewalsFail(subscriptionId: string, times: number): Promise<void> {
  const { stripesim } = platform;
  const answer = await fetch(`${stripesim.url}/_sim/subscriptions/${subscriptionId}/fail_renewals`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ times }),
  });
  expect(answer.status).toBe(200);
}

test('a subscription that is not paid sleeps with its data, and wakes when it is paid', async () => {
  const { orderId } = await buyOnce(platform, platform.sample.products.monthly);
  const { installId, stripeSubscriptionId } = await orderOf(platform, orderId, 'seller');
  const { stripe, stripeAccountId, cluster } = platform.witnesses;
  const { namespace } = await untilInstall(
    platform,
    installId,
    ({ state }) => state === InstallState.RUNNING,
  );
  const replicas = async () =>
    (await cluster.list({ apiVersion: 'apps/v1', kind: 'Deployment' }, { namespace })).map(
      (object) => (object['spec'] as { replicas?: number }).replicas,
    );
  const before = await replicas();
  expect(before).not.toContain(0);
  const others = platform.stripesim.settings.afterRetries;
  platform.stripesim.settings.afterRetries = 'unpaid';
  await renewalsFail(stripeSubscriptionId, 10);
  platform.stripesim.advance(70 * 24 * 3_600);
  await untilOrder(platform, orderId, OrderState.SUSPENDED);
  await untilInstall(platform, installId, ({ state }) => state === InstallState.HIBERNATED);
  expect(await replicas()).toEqual(before.map(() => 0));
  await renewalsFail(stripeSubscriptionId, 0);
  const on = { stripeAccount: stripeAccountId };
  const open = await stripe.invoices.list({ subscription: stripeSubscriptionId, status: 'open' }, on);
  for (const { id = '' } of open.data) await stripe.invoices.pay(id, {}, on);
  await untilOrder(platform, orderId, OrderState.FULFILLED);
  await untilInstall(platform, installId, ({ state }) => state === InstallState.RUNNING);
  expect(await replicas()).toEqual(before);
  platform.stripesim.settings.afterRetries = others;
});

describe('a webhook at the public port', () => {
  const signing = new Stripe('sk_test_x').webhooks;
  /** What Stripe sent about this order being paid, word for word. */
  const eventOf = async (orderId: string): Promise<string> => {
    const { stripe, stripeAccountId } = platform.witnesses;
    const { data } = await stripe.events.list({ limit: 100 }, { stripeAccount: stripeAccountId });
    const event = data.find(
      ({ type, data: { object } }) =>
        type === 'checkout.session.completed' &&
        'client_reference_id' in object &&
        (object.metadata as Record<string, string> | null)?.['orderId'] === orderId,
    );
    if (!event) throw new Error(`Stripe has no event of ${orderId}`);
    return JSON.stringify(event);
  };
  const secret = () => platform.stripesim.settings.webhooks[0]?.secret ?? '';
  const post = (body: string, signature?: string) =>
    fetch(`${platform.url}/webhooks/stripe`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        ...(signature === undefined ? {} : { 'stripe-signature': signature }),
      },
    });
  const aPaidOrder = async () => {
    const { order, checkoutUrl } = await aCheckout(platform, platform.sample.products.one_time);
    platform.stripesim.faults.add({ kind: 'webhook-drop' });
    await pay(checkoutUrl);
    await platform.stripesim.webhooksIdle(AbortSignal.timeout(60_000));
    return { orderId: order.id, body: await eventOf(order.id) };
  };
  const storedEvents = async (): Promise<number> => {
    const { rows } = await platform.database.query<{ count: string }>(
      'select count(*) from billing.stripe_event',
    );
    return Number(rows[0]?.count);
  };

  test('unsigned, signed by somebody else, changed or old is refused, and nothing comes of it', async () => {
    const { orderId, body } = await aPaidOrder();
    const before = await storedEvents();
    const now = Math.floor(Date.now() / 1_000);
    const signed = (payload: string, key: string, timestamp: number) =>
      signing.generateTestHeaderString({ payload, secret: key, timestamp });
    const attempts: [string, string | undefined, RegExp][] = [
      [body, undefined, /not signed/],
      [body, 'nonsense', /signature/],
      [body, signed(body, 'whsec_of_somebody_else', now), /signature/],
      [body.replace('"complete"', '"completed"'), signed(body, secret(), now), /signature/],
      [body, signed(body, secret(), now - 600), /5 minutes old/],
    ];
    for (const [payload, signature, why] of attempts) {
      const answer = await post(payload, signature);
      expect(answer.status).toBe(400);
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      expect(error).toMatchObject({
        code: 'WEBHOOK_SIGNATURE_INVALID',
        message: expect.stringMatching(why),
      });
    }
    expect(await storedEvents()).toBe(before);
    expect(await orderOf(platform, orderId)).toMatchObject({ state: OrderState.OPEN, installId: '' });
    expect(await installsOf(platform, orderId)).toEqual([]);
  });

  test('a true one that is replayed ten times makes one install', async () => {
    const before = (await namespacesOf(platform)).length;
    const { orderId, body } = await aPaidOrder();
    const send = () => post(body, signing.generateTestHeaderString({ payload: body, secret: secret() }));
    const answers = await Promise.all(Array.from({ length: 10 }, send));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    await expectSoldOnce(orderId, before);
    expect((await send()).status).toBe(200);
    await untilQuiet();
    await expectSoldOnce(orderId, before);
  });

  test('one that is larger than 1 MiB is refused', async () => {
    const answer = await post('x'.repeat(1024 * 1024 + 1), 't=1,v1=00');
    expect(answer.status).toBe(413);
  });
});
