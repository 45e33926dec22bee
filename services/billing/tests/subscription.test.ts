import { OrderState, PaymentMode } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  aCheckout,
  aShop,
  factsOf,
  installBecomes,
  monthly,
  orderOf,
  pay,
  simulate,
  startTestBilling,
  statesOf,
  untilState,
  wakeByInstall,
  wishFor,
  type Shop,
  type TestBilling,
} from './harness.ts';

let billing: TestBilling;
/** A set-up fee of €50 and €30 a month, after a trial of 14 days. */
let trial: Shop;
/** €30 a month. */
let plain: Shop;

const day = 24 * 3_600;

beforeAll(async () => {
  billing = await startTestBilling();
  trial = await aShop(billing, [{ unit_amount: 5_000 }, { unit_amount: 3_000, ...monthly }], {
    trialDays: 14,
  });
  plain = await aShop(billing, [{ unit_amount: 3_000, ...monthly }]);
});
afterAll(() => billing[Symbol.asyncDispose]());
beforeEach(() => {
  billing.clock.aheadMs = 0;
});

async function deploying(shop: Shop) {
  const { order, checkoutUrl } = await aCheckout(billing, shop);
  await pay(checkoutUrl);
  return untilState(billing, order.id, OrderState.DEPLOYING);
}

async function fulfilled(shop: Shop) {
  const order = await deploying(shop);
  await installBecomes(billing, order.id, InstallState.RUNNING);
  return untilState(billing, order.id, OrderState.FULFILLED);
}

async function subscriptionOf(orderId: string, shop: Shop) {
  const { stripeSubscriptionId } = await orderOf(billing, orderId, 'seller');
  return billing.stripe.subscriptions.retrieve(stripeSubscriptionId, {}, shop.on);
}

describe('a subscription', () => {
  test('with a set-up fee and a trial: the fee is charged at once, the rest after the trial', async () => {
    const preview = await billing.as('buyer').checkouts.previewCheckout(wishFor(trial));
    expect(preview).toMatchObject({ ready: true, amountDue: 5_000n, currency: 'eur', recurring: true });
    const order = await fulfilled(trial);
    expect(order).toMatchObject({
      paymentMode: PaymentMode.SUBSCRIPTION,
      amountTotal: 5_000n,
      amountCaptured: 5_000n,
    });
    expect(await subscriptionOf(order.id, trial)).toMatchObject({
      status: 'trialing',
      application_fee_percent: 5,
      metadata: { orderId: order.id, workspaceId: billing.buyerWorkspaceId },
    });
  });

  test('that cannot be delivered is cancelled and refunded, with the fee', async () => {
    const order = await deploying(plain);
    await installBecomes(billing, order.id, InstallState.FAILED, 'no such image');
    const refunded = await untilState(billing, order.id, OrderState.REFUNDED);
    expect(statesOf(refunded)).toEqual(['OPEN', 'AUTHORIZED', 'DEPLOYING', 'COMPENSATING', 'REFUNDED']);
    expect(refunded).toMatchObject({ amountCaptured: 3_000n, amountRefunded: 3_000n });
    expect((await subscriptionOf(order.id, plain)).status).toBe('canceled');
    const [fee] = (await billing.stripe.applicationFees.list({ limit: 1 })).data;
    expect(fee).toMatchObject({ amount: 150, amount_refunded: 150 });
  });

  test('that cannot be delivered within its trial is cancelled and its set-up fee refunded', async () => {
    const order = await deploying(trial);
    await installBecomes(billing, order.id, InstallState.FAILED, 'no such image');
    const refunded = await untilState(billing, order.id, OrderState.REFUNDED);
    expect(refunded).toMatchObject({ amountCaptured: 5_000n, amountRefunded: 5_000n });
    expect((await subscriptionOf(order.id, trial)).status).toBe('canceled');
  });

  test('is renewed without a word', async () => {
    const order = await fulfilled(plain);
    billing.sim.advance(32 * day);
    await eventually(async () => (await orderOf(billing, order.id)).amountCaptured === 6_000n);
    expect((await orderOf(billing, order.id)).state).toBe(OrderState.FULFILLED);
  });

  test('that cannot be charged any more is suspended, and goes on when it is paid', async () => {
    billing.sim.settings.afterRetries = 'unpaid';
    const order = await fulfilled(plain);
    const { stripeSubscriptionId } = await orderOf(billing, order.id, 'seller');
    await simulate(billing, `/subscriptions/${stripeSubscriptionId}/fail_renewals`, { times: 10 });
    billing.sim.advance(32 * day);
    await billing.sim.webhooksIdle();
    // While Stripe still tries, the buyer keeps what they bought.
    expect((await orderOf(billing, order.id)).state).toBe(OrderState.FULFILLED);
    await eventually(async () =>
      expect(await factsOf(billing, 'order', order.id)).toContain('payment_failed'),
    );
    billing.sim.advance(30 * day);
    const suspended = await untilState(billing, order.id, OrderState.SUSPENDED);
    expect(suspended.reason).toBe('PAYMENT_FAILED');
    const slept = () =>
      billing.installer.slept.filter(({ orderId }) => orderId === order.id).map(({ asleep }) => asleep);
    await eventually(() => expect(slept()).toEqual([true]));

    await simulate(billing, `/subscriptions/${stripeSubscriptionId}/fail_renewals`, { times: 0 });
    const open = await billing.stripe.invoices.list(
      { subscription: stripeSubscriptionId, status: 'open' },
      plain.on,
    );
    for (const invoice of open.data) await billing.stripe.invoices.pay(invoice.id ?? '', {}, plain.on);
    await untilState(billing, order.id, OrderState.FULFILLED);
    expect(billing.installer.ended).not.toContain(order.id);
    await eventually(() => expect(slept()).toEqual([true, false]));
    const versions = billing.installer.slept
      .filter(({ orderId }) => orderId === order.id)
      .map(({ orderVersion }) => orderVersion);
    expect(versions).toEqual(versions.toSorted((a, b) => Number(a - b)));
    const facts = await factsOf(billing, 'order', order.id);
    expect(facts.slice(facts.indexOf('fulfilled'))).toEqual([
      'fulfilled',
      'payment_failed',
      'suspended',
      'fulfilled',
    ]);
  });

  test('that stays unpaid for 14 days is announced to be removed, and removed', async () => {
    billing.sim.settings.afterRetries = 'unpaid';
    const order = await fulfilled(plain);
    const { stripeSubscriptionId } = await orderOf(billing, order.id, 'seller');
    await simulate(billing, `/subscriptions/${stripeSubscriptionId}/fail_renewals`, { times: 10 });
    billing.sim.advance(70 * day);
    await untilState(billing, order.id, OrderState.SUSPENDED);
    billing.clock.aheadMs = 11 * day * 1_000 + 1_000;
    await wakeByInstall(billing, order.id, 'ins_1');
    await eventually(async () =>
      expect(await factsOf(billing, 'order', order.id)).toContain('removal_announced'),
    );
    expect((await orderOf(billing, order.id)).state).toBe(OrderState.SUSPENDED);
    billing.clock.aheadMs = 14 * day * 1_000 + 1_000;
    await wakeByInstall(billing, order.id, 'ins_1');
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended.reason).toBe('UNPAID');
    await eventually(() => billing.installer.ended.includes(order.id));
    expect((await subscriptionOf(order.id, plain)).status).toBe('canceled');
  });

  test('that Stripe gives up ends, and its install with it', async () => {
    billing.sim.settings.afterRetries = 'canceled';
    const order = await fulfilled(plain);
    const { stripeSubscriptionId } = await orderOf(billing, order.id, 'seller');
    await simulate(billing, `/subscriptions/${stripeSubscriptionId}/fail_renewals`, { times: 10 });
    billing.sim.advance(70 * day);
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended.reason).toBe('SUBSCRIPTION_ENDED');
    await eventually(() => billing.installer.ended.includes(order.id));
  });
});

describe('its cluster is forgotten', () => {
  test('a third through its month: two thirds are given back, with the fee, and nothing more is charged', async () => {
    const order = await fulfilled(plain);
    const [item] = (await subscriptionOf(order.id, plain)).items.data;
    billing.clock.aheadMs = ((item?.current_period_start ?? 0) + 10 * day) * 1_000 - Date.now();
    await installBecomes(billing, order.id, InstallState.DETACHED);
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended).toMatchObject({
      reason: 'CLUSTER_FORGOTTEN',
      message: 'The cluster that it ran on is gone for good.',
      amountCaptured: 3_000n,
    });
    // A month has 28 to 31 days.
    expect(ended.amountRefunded).toBeGreaterThan(1_900n);
    expect(ended.amountRefunded).toBeLessThan(2_050n);
    expect((await subscriptionOf(order.id, plain)).status).toBe('canceled');
    // Told once that it is to go; what is left goes when the cluster returns, and nobody asks until then.
    await eventually(async () => {
      const { rows } = await billing.database.db.pool.query(
        `select done_at from reconcile_task where kind = 'order' and key = $1`,
        [order.id],
      );
      expect(rows[0]?.done_at).not.toBeNull();
    });
    expect(billing.installer.ended.filter((id) => id === order.id)).toHaveLength(1);
    expect(await factsOf(billing, 'order', order.id)).toContain('ended');
  });

  test('a set-up fee is used up, and a trial was not paid', async () => {
    const order = await fulfilled(trial);
    await installBecomes(billing, order.id, InstallState.DETACHED);
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended).toMatchObject({ amountCaptured: 5_000n, amountRefunded: 0n });
    expect((await subscriptionOf(order.id, trial)).status).toBe('canceled');
  });
});

describe('cancelling', () => {
  test('at the end of the period: everything runs until then', async () => {
    const order = await fulfilled(plain);
    await billing.as('buyer').orders.cancelOrder({ id: order.id });
    const known = await eventually(async () => {
      const now = await orderOf(billing, order.id);
      return now.endTime ? now : false;
    });
    expect(known.state).toBe(OrderState.FULFILLED);
    expect((await subscriptionOf(order.id, plain)).cancel_at_period_end).toBe(true);
    billing.sim.advance(32 * day);
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended).toMatchObject({ reason: 'CANCELLED', amountRefunded: 0n });
  });

  test('at once: the subscription ends now', async () => {
    const order = await fulfilled(plain);
    await billing.as('buyer').orders.cancelOrder({ id: order.id, atOnce: true });
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended.reason).toBe('CANCELLED');
    expect((await subscriptionOf(order.id, plain)).status).toBe('canceled');
    await eventually(() => billing.installer.ended.includes(order.id));
  });

  test('by the seller: every cycle is refunded', async () => {
    const order = await fulfilled(plain);
    billing.sim.advance(32 * day);
    await eventually(async () => (await orderOf(billing, order.id)).amountCaptured === 6_000n);
    await billing.as('seller').orders.refundOrder({ id: order.id });
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended).toMatchObject({ reason: 'REFUNDED_BY_SELLER', amountRefunded: 6_000n });
    expect((await subscriptionOf(order.id, plain)).status).toBe('canceled');
  });
});

describe('what the seller does at Stripe', () => {
  const lastCharge = async (orderId: string) => {
    const { customer } = await subscriptionOf(orderId, plain);
    const { data } = await billing.stripe.charges.list({ customer: String(customer), limit: 1 }, plain.on);
    return data[0]?.id ?? '';
  };

  test('a refund of all there is ends the order and its subscription', async () => {
    const order = await fulfilled(plain);
    await billing.stripe.refunds.create({ charge: await lastCharge(order.id) }, plain.on);
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended).toMatchObject({ reason: 'REFUNDED_BY_SELLER', amountRefunded: 3_000n });
    await eventually(async () => (await subscriptionOf(order.id, plain)).status === 'canceled');
  });

  test('a dispute that is lost does too', async () => {
    const order = await fulfilled(plain);
    const dispute = await simulate(billing, '/disputes', { charge: await lastCharge(order.id) });
    await simulate(billing, `/disputes/${dispute.id}/close`, { status: 'lost' });
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended.reason).toBe('DISPUTE_LOST');
    await eventually(async () => (await subscriptionOf(order.id, plain)).status === 'canceled');
  });
});

test('seats: the quantity counts for prices per seat only', async () => {
  const shop = await aShop(billing, [
    { unit_amount: 1_000, ...monthly, product_data: { name: 'Seat', unit_label: 'seat' } },
    { unit_amount: 4_000, ...monthly },
  ]);
  const preview = await billing.as('buyer').checkouts.previewCheckout({ ...wishFor(shop), quantity: 3 });
  expect(preview.amountDue).toBe(7_000n);
  expect(preview.lines.map(({ quantity }) => quantity)).toEqual([3n, 1n]);
});
