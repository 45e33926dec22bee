import type { Stripe } from 'stripe';
import { expect, test } from 'vitest';
import {
  aPrice,
  aSubscription,
  declinedCard,
  failingLaterCard,
  goodCard,
  monthly,
  openShop,
  submit,
  webhooksDone,
} from './harness.ts';
import type { Shop } from './harness.ts';

const day = 86_400;

const invoicesOf = async ({ stripe, on }: Shop, subscription: string): Promise<Stripe.Invoice[]> =>
  (await stripe.invoices.list({ subscription, expand: ['data.payments'] }, on)).data;

const intentOf = (invoice: Stripe.Invoice | undefined): string =>
  String(invoice?.payments?.data[0]?.payment.payment_intent);

const fail = async ({ sim }: Shop, id: string, times: number): Promise<void> => {
  const answer = await fetch(`${sim.url}/_sim/subscriptions/${id}/fail_renewals`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ times }),
  });
  expect(answer.status).toBe(200);
};

test('a subscription with a set-up fee: both on the first invoice, with the platform\u2019s share', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const setUp = await aPrice(shop, { unit_amount: 5000 });
  const recurring = await aPrice(shop, { unit_amount: 3000, ...monthly });
  const session = await stripe.checkout.sessions.create(
    {
      mode: 'subscription',
      line_items: [
        { price: setUp.id, quantity: 1 },
        { price: recurring.id, quantity: 2 },
      ],
      subscription_data: { application_fee_percent: 12.5, metadata: { orderId: 'ord_2' } },
      success_url: 'http://shop.example/done',
    },
    on,
  );
  expect(session.amount_total).toBe(11_000);
  expect((await submit(session.url ?? '', declinedCard)).status).toBe(402);
  expect((await stripe.subscriptions.list({ status: 'all' }, on)).data).toEqual([]);
  expect((await submit(session.url ?? '', goodCard)).status).toBe(303);

  const paid = await stripe.checkout.sessions.retrieve(
    session.id,
    { expand: ['subscription', 'invoice'] },
    on,
  );
  expect(paid).toMatchObject({ status: 'complete', payment_status: 'paid', payment_intent: null });
  const subscription = paid.subscription as Stripe.Subscription;
  expect(subscription).toMatchObject({
    status: 'active',
    metadata: { orderId: 'ord_2' },
    application_fee_percent: 12.5,
    customer: paid.customer,
    items: { data: [{ quantity: 2 }] },
  });
  const [invoice] = await invoicesOf(shop, subscription.id);
  expect(invoice).toMatchObject({
    status: 'paid',
    billing_reason: 'subscription_create',
    amount_paid: 11_000,
  });
  expect(invoice?.lines.data.map((line) => line.amount)).toEqual([5000, 6000]);

  const { data: fees } = await stripe.applicationFees.list();
  expect(fees).toMatchObject([{ amount: 1375 }]);
  const refund = await stripe.refunds.create(
    { payment_intent: intentOf(invoice), refund_application_fee: true },
    on,
  );
  expect(refund).toMatchObject({ amount: 11_000, status: 'succeeded' });
  expect(await stripe.applicationFees.retrieve(fees[0]?.id ?? '')).toMatchObject({
    refunded: true,
    amount_refunded: 1375,
  });
  expect(await stripe.subscriptions.cancel(subscription.id, {}, on)).toMatchObject({ status: 'canceled' });
  await webhooksDone(shop);
  const types = shop.listener.types();
  expect(types.slice(types.indexOf('customer.subscription.created'))).toEqual([
    'customer.subscription.created',
    'invoice.created',
    'invoice.finalized',
    'customer.subscription.updated',
    'invoice_payment.paid',
    'invoice.paid',
    'invoice.payment_succeeded',
    'checkout.session.completed',
    'refund.created',
    'charge.refunded',
    'application_fee.refunded',
    'customer.subscription.deleted',
  ]);
});

test('partial refunds give the fee back in proportion, and the last one takes the rest', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const subscription = await aSubscription(shop);
  const [invoice] = await invoicesOf(shop, subscription.id);
  const refund = (amount?: number): Promise<Stripe.Refund> =>
    stripe.refunds.create(
      { payment_intent: intentOf(invoice), refund_application_fee: true, ...(amount && { amount }) },
      on,
    );
  await refund(1000);
  expect((await stripe.applicationFees.list()).data).toMatchObject([{ amount: 300, amount_refunded: 100 }]);
  await expect(refund(2001)).rejects.toMatchObject({ param: 'amount' });
  await refund();
  expect((await stripe.applicationFees.list()).data).toMatchObject([
    { amount_refunded: 300, refunded: true },
  ]);
  await expect(refund()).rejects.toMatchObject({ code: 'charge_already_refunded' });
});

test('it renews each month', async () => {
  await using shop = await openShop();
  const subscription = await aSubscription(shop);
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  shop.sim.advance(65 * day);
  const invoices = await invoicesOf(shop, subscription.id);
  expect(invoices.map((invoice) => [invoice.billing_reason, invoice.status])).toEqual([
    ['subscription_cycle', 'paid'],
    ['subscription_cycle', 'paid'],
    ['subscription_create', 'paid'],
  ]);
  expect(invoices[1]?.created).toBe(end);
  expect(invoices[1]?.lines.data[0]?.period.start).toBe(end);
  expect((await shop.stripe.applicationFees.list()).data).toHaveLength(3);
});

test('a trial charges nothing at first, and a card that fails later makes it past due', async () => {
  await using shop = await openShop();
  const { stripe, on, sim } = shop;
  const subscription = await aSubscription(
    shop,
    { subscription_data: { trial_period_days: 14 } },
    failingLaterCard,
  );
  expect(subscription).toMatchObject({ status: 'trialing' });
  const [session] = (await stripe.checkout.sessions.list({ subscription: subscription.id }, on)).data;
  expect(session).toMatchObject({ payment_status: 'no_payment_required', amount_total: 0 });
  sim.advance(14 * day + 1);
  expect(await stripe.subscriptions.retrieve(subscription.id, {}, on)).toMatchObject({ status: 'past_due' });
  const [open] = await invoicesOf(shop, subscription.id);
  expect(open).toMatchObject({ status: 'open', attempt_count: 1 });
  // The retries fail too, and then it ends.
  sim.advance(20 * day);
  expect(await stripe.subscriptions.retrieve(subscription.id, {}, on)).toMatchObject({
    status: 'canceled',
    cancellation_details: { reason: 'payment_failed' },
  });
  await webhooksDone(shop);
  const types = shop.listener.types();
  expect(types).toContain('customer.subscription.trial_will_end');
  expect(types.filter((type) => type === 'invoice.payment_failed')).toHaveLength(5);
});

test('a renewal that fails once is paid by the retry', async () => {
  await using shop = await openShop();
  const { stripe, on, sim } = shop;
  const subscription = await aSubscription(shop);
  await fail(shop, subscription.id, 1);
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  sim.advance(end - sim.now() + 1);
  expect(await stripe.subscriptions.retrieve(subscription.id, {}, on)).toMatchObject({ status: 'past_due' });
  sim.advance(day);
  expect(await stripe.subscriptions.retrieve(subscription.id, {}, on)).toMatchObject({ status: 'active' });
  const [invoice] = await invoicesOf(shop, subscription.id);
  expect(invoice).toMatchObject({ status: 'paid', attempt_count: 2 });
});

test('paying an open invoice by hand is refused with the card\u2019s error, and the attempt is kept', async () => {
  await using shop = await openShop();
  const { stripe, on, sim } = shop;
  const subscription = await aSubscription(shop);
  await fail(shop, subscription.id, 2);
  const end = subscription.items.data[0]?.current_period_end ?? 0;
  sim.advance(end - sim.now() + 1);
  const [open] = await invoicesOf(shop, subscription.id);
  await expect(stripe.invoices.pay(open?.id ?? '', {}, on)).rejects.toMatchObject({
    type: 'StripeCardError',
    code: 'card_declined',
    statusCode: 402,
  });
  expect(await stripe.invoices.retrieve(open?.id ?? '', {}, on)).toMatchObject({
    attempt_count: 2,
    status: 'open',
  });
  expect(await stripe.invoices.pay(open?.id ?? '', {}, on)).toMatchObject({ status: 'paid' });
  expect(await stripe.subscriptions.retrieve(subscription.id, {}, on)).toMatchObject({ status: 'active' });
});

test('more seats in the middle of the month are prorated on the next invoice, or at once', async () => {
  await using shop = await openShop();
  const { stripe, on, sim } = shop;
  const subscription = await aSubscription(shop);
  const [item] = subscription.items.data;
  const start = item?.current_period_start ?? 0;
  const end = item?.current_period_end ?? 0;
  sim.advance(Math.round((start + end) / 2) - sim.now());
  await stripe.subscriptions.update(subscription.id, { items: [{ id: item?.id ?? '', quantity: 3 }] }, on);
  expect(await invoicesOf(shop, subscription.id)).toHaveLength(1);
  await stripe.subscriptionItems.update(
    item?.id ?? '',
    { quantity: 5, proration_behavior: 'always_invoice' },
    on,
  );
  const [now] = await invoicesOf(shop, subscription.id);
  // Half a month of two and of two more seats.
  expect(now?.lines.data.map((line) => line.amount)).toEqual([-1500, 4500, -4500, 7500]);
  expect(now).toMatchObject({ billing_reason: 'subscription_update', total: 6000, status: 'paid' });
  sim.advance(end - sim.now() + 1);
  const [renewal] = await invoicesOf(shop, subscription.id);
  expect(renewal).toMatchObject({ billing_reason: 'subscription_cycle', total: 15_000 });
});

test('cancelled at the end of the period, it lives until then and is not charged again', async () => {
  await using shop = await openShop();
  const { stripe, on, sim } = shop;
  const subscription = await aSubscription(shop);
  const ending = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true }, on);
  expect(ending).toMatchObject({ status: 'active', cancel_at_period_end: true });
  expect(ending.cancel_at).toBe(subscription.items.data[0]?.current_period_end);
  sim.advance(40 * day);
  expect(await stripe.subscriptions.retrieve(subscription.id, {}, on)).toMatchObject({ status: 'canceled' });
  expect(await invoicesOf(shop, subscription.id)).toHaveLength(1);
  await expect(stripe.subscriptions.cancel(subscription.id, {}, on)).rejects.toMatchObject({
    code: 'resource_missing',
  });
});

test('the portal cancels, resumes and changes the card', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const subscription = await aSubscription(shop);
  const portal = await stripe.billingPortal.sessions.create(
    { customer: String(subscription.customer), return_url: 'http://shop.example/orders' },
    on,
  );
  const page = await (await fetch(portal.url)).text();
  expect(page).toContain('Podinfo × 1');
  await submit(portal.url, { action: 'cancel', subscription: subscription.id });
  expect(await stripe.subscriptions.retrieve(subscription.id, {}, on)).toMatchObject({
    cancel_at_period_end: true,
  });
  await submit(portal.url, { action: 'resume', subscription: subscription.id });
  await submit(portal.url, { action: 'card', card_number: '5555555555554444' });
  const changed = await stripe.subscriptions.retrieve(
    subscription.id,
    { expand: ['default_payment_method'] },
    on,
  );
  expect(changed).toMatchObject({
    cancel_at_period_end: false,
    default_payment_method: { card: { last4: '4444' } },
  });
  const back = await submit(portal.url, { action: 'return' });
  expect(back.headers.get('location')).toBe('http://shop.example/orders');
});
