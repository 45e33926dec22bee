// Software that cannot run: the money goes back, the buyer sees why, and nothing stays on the cluster.
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, type FileServer } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBadCharts } from './charts.ts';
import { startPlatform, type Platform } from './platform.ts';
import {
  aCheckout,
  aProduct,
  chargesOf,
  namespacesOf,
  orderOf,
  pay,
  statesOf,
  untilInstall,
  untilOrder,
} from './sales.ts';

let platform: Platform;
let badCharts: FileServer;
beforeAll(async () => {
  platform = await startPlatform({ CNAP_FULFILMENT_DEADLINE: '1h' });
  badCharts = await startBadCharts();
});
afterAll(async () => {
  await badCharts[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const prices = ['one-time', 'monthly'] as const;
const title = { name: 'title', path: 'title', schema: { type: 'string', title: 'Title' } };

/** Hold released, or subscription cancelled and everything refunded, our share too; no capture that stays. */
async function expectMoneyBack(orderId: string, price: (typeof prices)[number]): Promise<void> {
  const { stripe, stripeAccountId } = platform.witnesses;
  const account = { stripeAccount: stripeAccountId };
  const order = await orderOf(platform, orderId, 'seller');
  const charges = await chargesOf(platform, orderId);
  expect(charges).toHaveLength(1);
  if (price === 'one-time') {
    const intent = await stripe.paymentIntents.retrieve(order.stripePaymentIntentId, {}, account);
    expect(intent).toMatchObject({ status: 'canceled', amount_received: 0 });
    expect(charges).toMatchObject([{ captured: false, amount_captured: 0 }]);
    return;
  }
  const subscription = await stripe.subscriptions.retrieve(order.stripeSubscriptionId, {}, account);
  expect(subscription.status).toBe('canceled');
  expect(charges).toMatchObject([{ amount: 2_500, amount_refunded: 2_500, refunded: true }]);
  const { data: fees } = await stripe.applicationFees.list({ charge: charges[0]?.id ?? '' });
  expect(fees).toMatchObject([{ amount: 125, amount_refunded: 125, refunded: true }]);
}

async function expectNothingLeft(installId: string, before: string[]): Promise<void> {
  await untilInstall(platform, installId, ({ state }) => state === InstallState.DELETED);
  await eventually(async () => expect(await namespacesOf(platform)).toEqual(before));
  const { deletionReceipt } = await platform.as('buyer').installs.getDeletionReceipt({ installId });
  expect(deletionReceipt?.objects.map(({ kind }) => kind)).toContain('Namespace');
}

const undone = ['OPEN', 'AUTHORIZED', 'DEPLOYING', 'COMPENSATING', 'REFUNDED'];

describe.each(prices)('%s', (price) => {
  test('never healthy: undone at the deadline', async () => {
    const productId = await aProduct(platform, {
      chart: { repoUrl: `http://127.0.0.1:${platform.kept.ports.charts}`, chart: 'sample' },
      values: { image: { repository: 'docker.io/example/web', tag: 'never-pulls' } },
      inputs: [title],
      price,
    });
    const before = await namespacesOf(platform);
    const { order, checkoutUrl } = await aCheckout(platform, productId);
    await pay(checkoutUrl);
    const { installId } = await untilOrder(platform, order.id, OrderState.DEPLOYING);
    const waiting = await untilInstall(platform, installId, ({ message }) => /pull/i.test(message));
    expect(waiting.state).toBe(InstallState.DEPLOYING);
    expect((await namespacesOf(platform)).length).toBe(before.length + 1);
    expect(await orderOf(platform, order.id)).toMatchObject({ state: OrderState.DEPLOYING });

    platform.clock.aheadMs = 2 * 3_600_000;
    await platform.lookAgain('billing');
    const over = await untilOrder(platform, order.id, OrderState.REFUNDED);
    platform.clock.aheadMs = 0;
    expect(statesOf(over)).toEqual(undone);
    expect(whyUndone(over)).toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
      message: expect.stringMatching(/not running in time.*pull/is),
    });
    expect(`${over.reason} ${over.message}`, 'the order itself says why').not.toBe(' ');
    await expectMoneyBack(order.id, price);
    await expectNothingLeft(installId, before);
  });

  test.each([
    ['the API refuses an object', 'refused', 'Not A Name', /ConfigMap|invalid/i],
    ["does not render with the buyer's values", 'picky', 'awful', /the title must be fine, not awful/],
  ])('%s: undone at once', async (_, chart, answer, why) => {
    const productId = await aProduct(platform, {
      chart: { repoUrl: badCharts.url, chart },
      inputs: [title],
      price,
    });
    const before = await namespacesOf(platform);
    const { order, checkoutUrl } = await aCheckout(platform, productId, { title: answer });
    await pay(checkoutUrl);
    const over = await untilOrder(platform, order.id, OrderState.REFUNDED);
    expect(statesOf(over)).toEqual(undone);
    expect(whyUndone(over)).toMatchObject({
      reason: 'INSTALL_FAILED',
      message: expect.stringMatching(why),
    });
    expect(over.message, 'the order itself says why').toMatch(why);
    await expectMoneyBack(order.id, price);
    await expectNothingLeft(over.installId, before);
  });
});

const whyUndone = ({ steps }: Awaited<ReturnType<typeof orderOf>>) =>
  steps.find(({ state }) => state === OrderState.COMPENSATING);
