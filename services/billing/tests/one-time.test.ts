import { Code } from '@cnap/client';
import { DomainError } from '@cnap/errors';
import { OrderState, PaymentMode } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  aCheckout,
  aShop,
  factsOf,
  installBecomes,
  orderOf,
  pay,
  simulate,
  startTestBilling,
  statesOf,
  untilState,
  wakeByInstall,
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
beforeEach(() => {
  billing.clock.aheadMs = 0;
  billing.installer.becomes = InstallState.DEPLOYING;
  billing.installer.refuses = undefined;
});

const hour = 60 * 60_000;

/** The payment intent of an order, at Stripe itself. */
async function intentOf(orderId: string) {
  const { data } = await billing.stripe.paymentIntents.list({ limit: 100 }, shop.on);
  return data.find(({ metadata }) => metadata['orderId'] === orderId);
}

/** An order that is paid for and whose install is under way. */
async function deploying() {
  const { order, checkoutUrl } = await aCheckout(billing, shop);
  await pay(checkoutUrl);
  return untilState(billing, order.id, OrderState.DEPLOYING);
}

async function fulfilled() {
  const order = await deploying();
  await installBecomes(billing, order.id, InstallState.RUNNING);
  return untilState(billing, order.id, OrderState.FULFILLED);
}

describe('a one-time sale', () => {
  test('the money is held, the software delivered, and only then captured', async () => {
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    expect(order.state).toBe(OrderState.OPEN);
    expect(order.paymentMode).toBe(PaymentMode.ONE_TIME);
    expect((await pay(checkoutUrl)).headers.get('location')).toBe(`http://cnap.example/orders/${order.id}`);

    await untilState(billing, order.id, OrderState.DEPLOYING);
    expect(await intentOf(order.id)).toMatchObject({
      status: 'requires_capture',
      amount: 2_000,
      application_fee_amount: 100,
      metadata: {
        orderId: order.id,
        workspaceId: billing.buyerWorkspaceId,
        productId: shop.product.id,
        regionId: shop.regionId,
        userId: billing.keys.person('owner').userId,
      },
    });

    await installBecomes(billing, order.id, InstallState.RUNNING);
    const done = await untilState(billing, order.id, OrderState.FULFILLED);
    expect(statesOf(done)).toEqual(['OPEN', 'AUTHORIZED', 'DEPLOYING', 'FULFILLED']);
    expect(done).toMatchObject({
      amountTotal: 2_000n,
      amountCaptured: 2_000n,
      amountRefunded: 0n,
      currency: 'eur',
    });
    expect(await intentOf(order.id)).toMatchObject({ status: 'succeeded', amount_received: 2_000 });
    expect(billing.installer.ensured.filter(({ orderId }) => orderId === order.id)[0]).toMatchObject({
      idempotencyKey: expect.stringMatching(/^idk_evt_/),
      workspaceId: billing.buyerWorkspaceId,
      sellerWorkspaceId: billing.sellerWorkspaceId,
      productId: shop.product.id,
      regionId: shop.regionId,
      inputs: { title: 'Mine' },
      quantity: 1,
    });
  });

  test('a declined card leaves the order open; another card pays it', async () => {
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    expect((await pay(checkoutUrl, '4000000000000002')).status).toBe(402);
    expect((await orderOf(billing, order.id)).state).toBe(OrderState.OPEN);
    expect(billing.installer.installs.has(order.id)).toBe(false);
    await pay(checkoutUrl);
    await untilState(billing, order.id, OrderState.DEPLOYING);
  });

  test('an abandoned checkout expires, and nothing is installed', async () => {
    const { order } = await aCheckout(billing, shop);
    billing.sim.advance(25 * 3_600);
    const expired = await untilState(billing, order.id, OrderState.EXPIRED);
    expect(expired).toMatchObject({ reason: 'ABANDONED', checkoutUrl: '' });
    expect(billing.installer.installs.has(order.id)).toBe(false);
  });
});

describe('what cannot be delivered is not paid', () => {
  test('a permanent failure releases the hold, ends the install and says why', async () => {
    const order = await deploying();
    await installBecomes(billing, order.id, InstallState.FAILED, 'Deployment/web: the image does not exist');
    const refunded = await untilState(billing, order.id, OrderState.REFUNDED);
    expect(statesOf(refunded)).toEqual(['OPEN', 'AUTHORIZED', 'DEPLOYING', 'COMPENSATING', 'REFUNDED']);
    const why = refunded.steps.find(({ state }) => state === OrderState.COMPENSATING);
    expect(why).toMatchObject({
      reason: 'INSTALL_FAILED',
      message: expect.stringContaining('the image does not exist'),
    });
    expect(await intentOf(order.id)).toMatchObject({ status: 'canceled', amount_received: 0 });
    expect(billing.installer.ended).toContain(order.id);
    expect(refunded).toMatchObject({ amountCaptured: 0n, amountRefunded: 0n, reason: 'INSTALL_FAILED' });
    expect(await factsOf(billing, 'order', order.id)).toEqual([
      'open',
      'authorized',
      'deploying',
      'compensating',
      'refunded',
    ]);
  });

  test('what does not run after half an hour is said to be late, once', async () => {
    const order = await deploying();
    billing.clock.aheadMs = hour / 2 + 1_000;
    await wakeByInstall(billing, order.id, order.installId);
    await eventually(async () => expect(await factsOf(billing, 'order', order.id)).toContain('delayed'));
    billing.clock.aheadMs = hour;
    await installBecomes(billing, order.id, InstallState.RUNNING);
    await untilState(billing, order.id, OrderState.FULFILLED);
    billing.clock.aheadMs = 0;
    expect(await factsOf(billing, 'order', order.id)).toEqual([
      'open',
      'authorized',
      'deploying',
      'delayed',
      'fulfilled',
    ]);
  });

  test('what is not healthy by the deadline is undone', async () => {
    const order = await deploying();
    const install = billing.installer.installs.get(order.id);
    Object.assign(install ?? {}, { message: 'waiting for a volume' });
    billing.clock.aheadMs = 25 * hour;
    await wakeByInstall(billing, order.id, order.installId);
    const refunded = await untilState(billing, order.id, OrderState.REFUNDED);
    const why = refunded.steps.find(({ state }) => state === OrderState.COMPENSATING);
    expect(why).toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('waiting for a volume'),
    });
    expect(await intentOf(order.id)).toMatchObject({ status: 'canceled' });
  });

  test('an install that the installer refuses is undone at once', async () => {
    billing.installer.refuses = new DomainError(
      'failed-precondition',
      'INPUTS_INVALID',
      'The inputs do not fit.',
    );
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    await pay(checkoutUrl);
    const refunded = await untilState(billing, order.id, OrderState.REFUNDED);
    expect(refunded.steps.map(({ reason }) => reason)).toContain('INSTALL_REFUSED');
    expect(await intentOf(order.id)).toMatchObject({ status: 'canceled' });
  });

  test('an installer that cannot be reached is waited for', async () => {
    billing.installer.refuses = new DomainError('unavailable', 'DATABASE_UNAVAILABLE', 'Not now.');
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    await pay(checkoutUrl);
    await untilState(billing, order.id, OrderState.AUTHORIZED);
    billing.installer.refuses = undefined;
    const deployed = await untilState(billing, order.id, OrderState.DEPLOYING);
    expect(statesOf(deployed)).toEqual(['OPEN', 'AUTHORIZED', 'DEPLOYING']);
  });

  test('an install whose removal takes long is followed until it is gone', async () => {
    billing.installer.endsAtOnce = false;
    const order = await deploying();
    await installBecomes(billing, order.id, InstallState.FAILED, 'broken');
    await untilState(billing, order.id, OrderState.REFUNDED);
    const calls = () => billing.installer.ended.filter((id) => id === order.id).length;
    await eventually(() => calls() >= 2);
    billing.installer.endsAtOnce = true;
    const before = calls();
    await installBecomes(billing, order.id, InstallState.DELETED);
    await eventually(() => calls() > before);
    expect((await orderOf(billing, order.id)).state).toBe(OrderState.REFUNDED);
  });
});

describe('what people decide', () => {
  test('the buyer cancels before paying: the page closes', async () => {
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    await billing.as('buyer').orders.cancelOrder({ id: order.id });
    const expired = await untilState(billing, order.id, OrderState.EXPIRED);
    expect(expired.reason).toBe('CANCELLED');
    expect((await pay(checkoutUrl)).status).not.toBe(303);
  });

  test('the buyer cancels while it is deployed: the hold is released', async () => {
    const order = await deploying();
    await billing.as('buyer').orders.cancelOrder({ id: order.id });
    await untilState(billing, order.id, OrderState.REFUNDED);
    expect(await intentOf(order.id)).toMatchObject({ status: 'canceled' });
    expect(billing.installer.ended).toContain(order.id);
  });

  test('the buyer cancels a delivered one-time order only by saying so, and gets nothing back', async () => {
    const order = await fulfilled();
    const cancel = (atOnce: boolean) => billing.as('buyer').orders.cancelOrder({ id: order.id, atOnce });
    await expectError(cancel(false), Code.FailedPrecondition, 'ORDER_STATE');
    await cancel(true);
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended).toMatchObject({ reason: 'CANCELLED', amountCaptured: 2_000n, amountRefunded: 0n });
    await eventually(() => billing.installer.ended.includes(order.id));
    await expectError(cancel(true), Code.FailedPrecondition, 'ORDER_STATE');
  });

  test('the seller refunds: all of it, with the fee, and the order ends', async () => {
    const order = await fulfilled();
    const refund = () => billing.as('seller').orders.refundOrder({ id: order.id, requestId: 'r1' });
    await refund();
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended).toMatchObject({ reason: 'REFUNDED_BY_SELLER', amountRefunded: 2_000n });
    await refund(); // the same wish: the same answer
    const other = billing.as('seller').orders.refundOrder({ id: (await deploying()).id, requestId: 'r1' });
    await expectError(other, Code.InvalidArgument, 'REQUEST_ID_REUSED');
    const intent = await intentOf(order.id);
    const fees = await billing.stripe.applicationFees.list({ charge: String(intent?.latest_charge) });
    expect(fees.data).toMatchObject([{ amount: 100, amount_refunded: 100 }]);
    await eventually(() => billing.installer.ended.includes(order.id));
  });

  test('a refund in full at Stripe ends the order, a part of it does not', async () => {
    const order = await fulfilled();
    const intent = await intentOf(order.id);
    const charge = String(intent?.latest_charge);
    await billing.stripe.refunds.create({ charge, amount: 500 }, shop.on);
    await eventually(async () => (await orderOf(billing, order.id)).amountRefunded === 500n);
    expect((await orderOf(billing, order.id)).state).toBe(OrderState.FULFILLED);
    await billing.stripe.refunds.create({ charge }, shop.on);
    await untilState(billing, order.id, OrderState.ENDED);
  });

  test('a dispute changes nothing until it is lost', async () => {
    const order = await fulfilled();
    const charge = String((await intentOf(order.id))?.latest_charge);
    const dispute = await simulate(billing, '/disputes', { charge });
    await billing.sim.webhooksIdle();
    expect((await orderOf(billing, order.id)).state).toBe(OrderState.FULFILLED);
    await simulate(billing, `/disputes/${dispute.id}/close`, { status: 'lost' });
    const ended = await untilState(billing, order.id, OrderState.ENDED);
    expect(ended.reason).toBe('DISPUTE_LOST');
  });

  test('the buyer gets to the customer portal, once something was paid', async () => {
    const portal = (id: string) =>
      billing.as('buyer').orders.createPortalSession({ id, returnUrl: 'http://cnap.example/back' });
    const open = await aCheckout(billing, shop);
    await expectError(portal(open.order.id), Code.FailedPrecondition, 'ORDER_STATE');
    const order = await deploying();
    expect((await portal(order.id)).url).toContain(billing.sim.url);
  });
});
