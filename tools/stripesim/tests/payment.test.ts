import type { Stripe } from 'stripe';
import { expect, test } from 'vitest';
import {
  aPaymentSession,
  declinedCard,
  goodCard,
  openShop,
  submit,
  webhooksDone,
  webhookSecret,
} from './harness.ts';

test('a payment is held, captured, and the platform has its fee', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const session = await aPaymentSession(shop);
  expect(session).toMatchObject({
    status: 'open',
    payment_status: 'unpaid',
    payment_intent: null,
    amount_total: 2000,
  });

  const answer = await submit(session.url ?? '', goodCard);
  expect(answer.headers.get('location')).toBe(`http://shop.example/done?session=${session.id}`);

  const paid = await stripe.checkout.sessions.retrieve(
    session.id,
    { expand: ['payment_intent.latest_charge', 'line_items.data.price.product'] },
    on,
  );
  expect(paid).toMatchObject({
    status: 'complete',
    payment_status: 'unpaid',
    url: null,
    client_reference_id: 'ord_1',
  });
  const held = paid.payment_intent as Stripe.PaymentIntent;
  expect(held).toMatchObject({
    status: 'requires_capture',
    amount_capturable: 2000,
    metadata: { orderId: 'ord_1' },
  });
  expect(held.latest_charge).toMatchObject({ captured: false, paid: true, balance_transaction: null });
  expect(paid.line_items?.data[0]?.price?.product).toMatchObject({ name: 'Podinfo' });

  const captured = await stripe.paymentIntents.capture(held.id, {}, on);
  expect(captured).toMatchObject({ status: 'succeeded', amount_received: 2000 });
  const after = await stripe.checkout.sessions.retrieve(session.id, {}, on);
  expect(after.payment_status).toBe('paid');

  const fees = await stripe.applicationFees.list();
  expect(fees.data).toMatchObject([{ account: shop.account, amount: 200, amount_refunded: 0 }]);
  const charge = await stripe.charges.retrieve(
    String(captured.latest_charge),
    { expand: ['balance_transaction'] },
    on,
  );
  expect(charge.balance_transaction).toMatchObject({ amount: 2000, fee: 200 + 88, net: 1712 });

  await webhooksDone(shop);
  expect(shop.listener.types()).toEqual([
    'account.updated',
    'product.created',
    'price.created',
    'payment_intent.created',
    'charge.succeeded',
    'payment_intent.amount_capturable_updated',
    'checkout.session.completed',
    'application_fee.created',
    'charge.captured',
    'payment_intent.succeeded',
  ]);
  const fee = shop.listener.received.find(({ event }) => event.type === 'application_fee.created');
  const done = shop.listener.received.find(({ event }) => event.type === 'checkout.session.completed');
  expect(fee?.event.account).toBeUndefined();
  expect(done?.event.account).toBe(shop.account);
});

test('webhooks carry a signature that the SDK verifies', async () => {
  await using shop = await openShop();
  await webhooksDone(shop);
  const [first] = shop.listener.received;
  const verified = shop.stripe.webhooks.constructEvent(
    first?.raw ?? '',
    first?.signature ?? '',
    webhookSecret,
  );
  expect(verified.type).toBe('account.updated');
  expect(() =>
    shop.stripe.webhooks.constructEvent(first?.raw ?? '', first?.signature ?? '', 'whsec_other'),
  ).toThrow(/signature/i);
});

test('cancelling a held payment releases it, and it cannot be captured any more', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const session = await aPaymentSession(shop);
  await submit(session.url ?? '', goodCard);
  const { payment_intent: id } = await stripe.checkout.sessions.retrieve(session.id, {}, on);
  const canceled = await stripe.paymentIntents.cancel(
    String(id),
    { cancellation_reason: 'abandoned', expand: ['latest_charge'] },
    on,
  );
  expect(canceled).toMatchObject({
    status: 'canceled',
    cancellation_reason: 'abandoned',
    amount_capturable: 0,
    latest_charge: { captured: false, refunded: true, amount_refunded: 2000 },
  });
  await expect(stripe.paymentIntents.capture(String(id), {}, on)).rejects.toMatchObject({
    code: 'payment_intent_unexpected_state',
    statusCode: 400,
  });
  expect((await stripe.applicationFees.list()).data).toEqual([]);
});

test('a declined card leaves the session open, and the next card pays', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const session = await aPaymentSession(shop);
  const declined = await submit(session.url ?? '', declinedCard);
  expect(declined.status).toBe(402);
  const page = await declined.text();
  expect(page).toContain('role="alert"');
  expect(page).toContain('Your card was declined.');
  expect(page).toContain('value="buyer&#64;example.com"'.replace('&#64;', '@'));

  const open = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent'] }, on);
  expect(open).toMatchObject({
    status: 'open',
    payment_intent: {
      status: 'requires_payment_method',
      last_payment_error: { decline_code: 'generic_decline' },
    },
  });
  expect((await submit(session.url ?? '', goodCard)).status).toBe(303);
  const { data: charges } = await stripe.charges.list({}, on);
  expect(charges.map((charge) => charge.status)).toEqual(['succeeded', 'failed']);
  // A second press of the button does not pay twice.
  expect(await (await submit(session.url ?? '', goodCard)).text()).toContain('Already paid');
  expect((await stripe.charges.list({}, on)).data).toHaveLength(2);
});

test('a session expires by request or by time, and is not payable then', async () => {
  await using shop = await openShop();
  const { stripe, on, sim } = shop;
  const first = await aPaymentSession(shop);
  const second = await aPaymentSession(shop, { expires_at: sim.now() + 3600 });
  expect(await stripe.checkout.sessions.expire(first.id, {}, on)).toMatchObject({
    status: 'expired',
    url: null,
  });
  await expect(stripe.checkout.sessions.expire(first.id, {}, on)).rejects.toMatchObject({ statusCode: 400 });
  sim.advance(3601);
  expect(await stripe.checkout.sessions.retrieve(second.id, {}, on)).toMatchObject({ status: 'expired' });
  expect((await submit(second.url ?? '', goodCard)).status).toBe(410);
  await webhooksDone(shop);
  expect(shop.listener.types().filter((type) => type === 'checkout.session.expired')).toHaveLength(2);
});

test('a hold that nobody captures ends after seven days', async () => {
  await using shop = await openShop();
  const session = await aPaymentSession(shop);
  await submit(session.url ?? '', goodCard);
  shop.sim.advance(7 * 86_400 + 1);
  const { payment_intent } = await shop.stripe.checkout.sessions.retrieve(
    session.id,
    { expand: ['payment_intent'] },
    shop.on,
  );
  expect(payment_intent).toMatchObject({ status: 'canceled', cancellation_reason: 'automatic' });
});

test('cancelling on the page goes back to the shop and leaves the session open', async () => {
  await using shop = await openShop();
  const session = await aPaymentSession(shop);
  const answer = await submit(session.url ?? '', { action: 'cancel' });
  expect(answer.headers.get('location')).toBe('http://shop.example/cancelled');
  expect(await shop.stripe.checkout.sessions.retrieve(session.id, {}, shop.on)).toMatchObject({
    status: 'open',
  });
});

test('a debit settles later, or bounces', async () => {
  await using shop = await openShop();
  const { stripe, on, sim } = shop;
  const outcomes = ['succeeded', 'failed'] as const;
  for (const outcome of outcomes) {
    const session = await aPaymentSession(shop, {
      payment_method_types: ['card', 'sepa_debit'],
      payment_intent_data: { application_fee_amount: 100 },
    });
    await submit(session.url ?? '', {
      action: 'pay',
      email: 'buyer@example.com',
      payment_method: 'sepa_debit',
    });
    expect(await stripe.checkout.sessions.retrieve(session.id, {}, on)).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
    });
    const answer = await fetch(`${sim.url}/_sim/checkout/sessions/${session.id}/settle`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ outcome }),
    });
    expect(answer.status).toBe(200);
    const settled = await stripe.checkout.sessions.retrieve(session.id, {}, on);
    expect(settled.payment_status).toBe(outcome === 'succeeded' ? 'paid' : 'unpaid');
  }
  await webhooksDone(shop);
  expect(shop.listener.types()).toContain('checkout.session.async_payment_succeeded');
  expect(shop.listener.types()).toContain('checkout.session.async_payment_failed');
});
