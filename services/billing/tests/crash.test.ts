// A crash after every external call, and every external call made twice: one session, one install, the money once.
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually } from '@cnap/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Overrides } from '../src/service.ts';
import {
  aCheckout,
  aShop,
  installBecomes,
  monthly,
  orderOf,
  pay,
  simulate,
  startTestBilling,
  untilState,
  wishFor,
  type Shop,
  type TestBilling,
} from './harness.ts';

let billing: TestBilling;
const shops: Partial<Record<'once' | 'monthly' | 'free', Shop>> = {};

beforeAll(async () => {
  billing = await startTestBilling();
  shops.once = await aShop(billing);
  shops.monthly = await aShop(billing, [{ unit_amount: 5_000 }, { unit_amount: 3_000, ...monthly }]);
  shops.free = await aShop(billing, []);
});
afterAll(() => billing[Symbol.asyncDispose]());
afterEach(() => {
  billing.installer.becomes = InstallState.DEPLOYING;
});

/** Throws once after each call, by name; what it has thrown after is in `crashed`. */
function crashOnce(): { overrides: Overrides; crashed: Set<string> } {
  const crashed = new Set<string>();
  const afterExternalCall = (name: string) => {
    if (crashed.has(name)) return;
    crashed.add(name);
    throw new Error(`crash after ${name}`);
  };
  return { overrides: { afterExternalCall }, crashed };
}

const twice: Overrides = { repeatExternalCalls: true };

/** Calls as a person who tries again. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt > 20) throw error;
    }
  }
}

const checkout = (shop: Shop, requestId: string) =>
  insist(() => billing.as('buyer').checkouts.createCheckout({ ...wishFor(shop), requestId }));

async function sell(shop: Shop, requestId: string, outcome: InstallState, end: OrderState) {
  billing.installer.becomes = outcome;
  const { order, checkoutUrl } = await checkout(shop, requestId);
  const id = order?.id ?? '';
  if (checkoutUrl !== '') await pay(checkoutUrl);
  await untilState(billing, id, end);
  return id;
}

async function sessionsOf(orderId: string, shop: Shop): Promise<number> {
  const { data } = await billing.stripe.checkout.sessions.list({ limit: 100 }, shop.on);
  return data.filter((session) => session.client_reference_id === orderId).length;
}

async function chargesOf(orderId: string, shop: Shop) {
  const { stripePaymentIntentId, stripeSubscriptionId } = await orderOf(billing, orderId, 'seller');
  if (stripePaymentIntentId !== '') {
    return (await billing.stripe.charges.list({ payment_intent: stripePaymentIntentId }, shop.on)).data;
  }
  const { customer } = await billing.stripe.subscriptions.retrieve(stripeSubscriptionId, {}, shop.on);
  const { data } = await billing.stripe.charges.list({ customer: String(customer) }, shop.on);
  return data.slice(0, 1);
}

const installKeys = (orderId: string) =>
  new Set(
    billing.installer.ensured
      .filter((request) => request.orderId === orderId)
      .map(({ idempotencyKey }) => idempotencyKey),
  );

const shopOf = (kind: 'once' | 'monthly' | 'free'): Shop => {
  const shop = shops[kind];
  if (!shop) throw new Error(`no shop ${kind}`);
  return shop;
};

describe.each(['cut', 'repeated'] as const)('every external call %s', (fault) => {
  /** These calls were made, and cut. */
  const expectCrashes = (crashed: Set<string>, names: string[]): void => {
    expect([...crashed]).toEqual(expect.arrayContaining(fault === 'cut' ? names : []));
  };

  const begin = async (): Promise<Set<string>> => {
    const { overrides, crashed } = crashOnce();
    await billing.restart(fault === 'cut' ? overrides : twice);
    return crashed;
  };

  test('a one-time sale completes, once', async () => {
    const crashed = await begin();
    const shop = shopOf('once');
    const id = await sell(shop, `${fault}-once`, InstallState.RUNNING, OrderState.FULFILLED);
    expect(await sessionsOf(id, shop)).toBe(1);
    expect(installKeys(id).size).toBe(1);
    expect(await chargesOf(id, shop)).toMatchObject([{ amount_captured: 2_000, amount_refunded: 0 }]);
    expectCrashes(crashed, [
      'catalog.GetProductDetail',
      'stripe.checkout.sessions.create',
      'stripe.checkout.sessions.retrieve',
      'installer.EnsureInstall',
      'stripe.paymentIntents.capture',
    ]);
  });

  test('a subscription completes, once', async () => {
    await begin();
    const shop = shopOf('monthly');
    const id = await sell(shop, `${fault}-monthly`, InstallState.RUNNING, OrderState.FULFILLED);
    expect(await sessionsOf(id, shop)).toBe(1);
    expect(installKeys(id).size).toBe(1);
    const order = await orderOf(billing, id);
    expect(order).toMatchObject({ amountCaptured: 8_000n, amountRefunded: 0n });
    expect(order.steps).toHaveLength(4);
  });

  test('a failed one-time sale is released, once', async () => {
    const crashed = await begin();
    const shop = shopOf('once');
    const id = await sell(shop, `${fault}-release`, InstallState.FAILED, OrderState.REFUNDED);
    expect(await chargesOf(id, shop)).toMatchObject([{ captured: false }]);
    expect(billing.installer.ended).toContain(id);
    expectCrashes(crashed, ['stripe.paymentIntents.cancel', 'installer.EndInstall']);
  });

  test('a failed subscription is cancelled and refunded, once', async () => {
    const crashed = await begin();
    const shop = shopOf('monthly');
    const id = await sell(shop, `${fault}-refund`, InstallState.FAILED, OrderState.REFUNDED);
    const order = await orderOf(billing, id);
    expect(order).toMatchObject({ amountCaptured: 8_000n, amountRefunded: 8_000n });
    const [charge] = await chargesOf(id, shop);
    const refunds = await billing.stripe.refunds.list({ charge: charge?.id ?? '' }, shop.on);
    expect(refunds.data).toHaveLength(1);
    expectCrashes(crashed, ['stripe.subscriptions.cancel', 'stripe.refunds.create']);
  });

  test('suspended and paid again, the install sleeps and wakes', async () => {
    const shop = shopOf('monthly');
    billing.sim.settings.afterRetries = 'unpaid';
    await billing.restart();
    const id = await sell(shop, `${fault}-sleep`, InstallState.RUNNING, OrderState.FULFILLED);
    const { stripeSubscriptionId } = await orderOf(billing, id, 'seller');
    const crashed = await begin();
    await simulate(billing, `/subscriptions/${stripeSubscriptionId}/fail_renewals`, { times: 10 });
    billing.sim.advance(70 * 24 * 3_600);
    await untilState(billing, id, OrderState.SUSPENDED);
    const told = () => billing.installer.slept.filter(({ orderId }) => orderId === id);
    await eventually(() => told().at(-1)?.asleep === true);
    await simulate(billing, `/subscriptions/${stripeSubscriptionId}/fail_renewals`, { times: 0 });
    const open = await billing.stripe.invoices.list(
      { subscription: stripeSubscriptionId, status: 'open' },
      shop.on,
    );
    for (const invoice of open.data) await billing.stripe.invoices.pay(invoice.id ?? '', {}, shop.on);
    await untilState(billing, id, OrderState.FULFILLED);
    await eventually(() => told().at(-1)?.asleep === false);
    await eventually(() =>
      expectCrashes(crashed, ['installer.HibernateOrderInstall', 'installer.ReviveOrderInstall']),
    );
  });

  test('the unused part of what is forgotten is given back, once', async () => {
    const crashed = await begin();
    const shop = shopOf('monthly');
    const id = await sell(shop, `${fault}-detached`, InstallState.RUNNING, OrderState.FULFILLED);
    await installBecomes(billing, id, InstallState.DETACHED);
    await untilState(billing, id, OrderState.ENDED);
    const [charge] = await chargesOf(id, shop);
    const refunds = await billing.stripe.refunds.list({ charge: charge?.id ?? '' }, shop.on);
    // All but a moment of the month, and not the set-up fee.
    expect(refunds.data).toHaveLength(1);
    expect(refunds.data[0]?.amount).toBeGreaterThan(2_990);
    expect(refunds.data[0]?.amount).toBeLessThanOrEqual(3_000);
    await eventually(() =>
      expectCrashes(crashed, [
        'stripe.subscriptions.cancel',
        'stripe.refunds.create',
        'installer.EndInstall',
      ]),
    );
  });

  test('a free order is delivered, once', async () => {
    await begin();
    const id = await sell(shopOf('free'), `${fault}-free`, InstallState.RUNNING, OrderState.FULFILLED);
    expect(installKeys(id)).toEqual(new Set([`idk_${id}`]));
  });

  test('a refund by the seller happens once', async () => {
    await begin();
    const shop = shopOf('once');
    const id = await sell(shop, `${fault}-refunded`, InstallState.RUNNING, OrderState.FULFILLED);
    await billing.as('seller').orders.refundOrder({ id });
    await untilState(billing, id, OrderState.ENDED);
    expect(await chargesOf(id, shop)).toMatchObject([{ amount_refunded: 2_000, refunded: true }]);
  });
});

describe('Stripe', () => {
  test('down for a while, then slow, answers lost: the sale completes, once', async () => {
    await billing.restart();
    billing.installer.becomes = InstallState.RUNNING;
    const shop = shopOf('once');
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    billing.sim.faults.add({ kind: 'api-outage', path: '/v1/*', times: 6 });
    billing.sim.faults.add({
      kind: 'api-answer-lost',
      method: 'POST',
      path: '/v1/payment_intents/*',
      times: 3,
    });
    await pay(checkoutUrl);
    await untilState(billing, order.id, OrderState.FULFILLED);
    billing.sim.faults.clear();
    expect(await chargesOf(order.id, shop)).toMatchObject([{ amount_captured: 2_000 }]);
  });
});

test('a service that is killed in the middle of a sale goes on with it', async () => {
  await billing.restart();
  const shop = shopOf('once');
  const { order, checkoutUrl } = await aCheckout(billing, shop);
  await pay(checkoutUrl);
  await untilState(billing, order.id, OrderState.DEPLOYING);
  const install = billing.installer.installs.get(order.id);
  Object.assign(install ?? {}, { state: InstallState.RUNNING });
  // Nothing wakes the order but its own clock, which the restart does not lose.
  await billing.database.db.pool.query(
    `update reconcile_task set due_at = now() where kind = 'order' and key = $1`,
    [order.id],
  );
  await billing.restart();
  const done = await untilState(billing, order.id, OrderState.FULFILLED);
  expect(done).toMatchObject({ amountCaptured: 2_000n, amountRefunded: 0n });
});
