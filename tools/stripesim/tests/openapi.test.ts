import { expect, test } from 'vitest';
import { apiVersion } from '../src/index.ts';
import {
  aPaymentSession,
  aPrice,
  aSubscription,
  declinedCard,
  goodCard,
  openShop,
  submit,
  webhooksDone,
} from './harness.ts';
import type { Shop } from './harness.ts';
import { openOpenApi } from './openapi.ts';
import type { OpenApi } from './openapi.ts';

// The folder embedded/openapi of the Go module github.com/stripe/stripe-mock; the document is not ours to keep here.
const folder = process.env.CNAP_STRIPE_OPENAPI;
if (!folder)
  console.warn('skipped: CNAP_STRIPE_OPENAPI does not name the folder of Stripe\u2019s OpenAPI document');

const day = 86_400;

/** Reads a path as raw JSON, past the SDK. */
async function read({ sim }: Shop, path: string, account?: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${sim.url}${path}`, {
    headers: { authorization: 'Bearer sk_test_x', ...(account && { 'stripe-account': account }) },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

async function control({ sim }: Shop, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${sim.url}/_sim/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

/** A life in which every kind of object comes to be, in every state that we know of. */
async function live(shop: Shop): Promise<void> {
  const { stripe, on, sim } = shop;
  const declined = await aPaymentSession(shop);
  await submit(declined.url ?? '', declinedCard);
  const disputed = await aPaymentSession(shop);
  await submit(disputed.url ?? '', goodCard);
  const { payment_intent: intent } = await stripe.checkout.sessions.retrieve(disputed.id, {}, on);
  const captured = await stripe.paymentIntents.capture(String(intent), { amount_to_capture: 1500 }, on);
  const released = await aPaymentSession(shop);
  await submit(released.url ?? '', goodCard);
  const second = await stripe.checkout.sessions.retrieve(released.id, {}, on);
  await stripe.paymentIntents.cancel(String(second.payment_intent), {}, on);
  const debit = await aPaymentSession(shop, {
    payment_method_types: ['sepa_debit'],
    payment_intent_data: {},
  });
  await submit(debit.url ?? '', { action: 'pay', email: 'b@example.com', payment_method: 'sepa_debit' });
  const ended = await aPaymentSession(shop, { customer_creation: 'always' });
  await stripe.checkout.sessions.expire(ended.id, {}, on);

  const subscription = await aSubscription(shop);
  const item = subscription.items.data[0]?.id ?? '';
  sim.advance(10 * day);
  await stripe.subscriptions.update(
    subscription.id,
    { items: [{ id: item, quantity: 3 }], proration_behavior: 'always_invoice' },
    on,
  );
  const [invoice] = (await stripe.invoices.list({ expand: ['data.payments'] }, on)).data;
  const paid = String(invoice?.payments?.data[0]?.payment.payment_intent);
  await stripe.refunds.create({ payment_intent: paid, amount: 100, refund_application_fee: true }, on);
  await control(shop, `subscriptions/${subscription.id}/fail_renewals`, { times: 5 });
  sim.advance(60 * day);
  await aSubscription(shop, { subscription_data: { trial_period_days: 7 } });
  await stripe.accounts.create({ type: 'standard' });
  await control(shop, 'disputes', { charge: captured.latest_charge });
}

const kinds: [path: string, schema: string, platform?: boolean][] = [
  ['/v1/accounts', 'account', true],
  ['/v1/products', 'product'],
  ['/v1/prices', 'price'],
  ['/v1/customers', 'customer'],
  ['/v1/checkout/sessions', 'checkout.session'],
  ['/v1/payment_intents', 'payment_intent'],
  ['/v1/payment_methods', 'payment_method'],
  ['/v1/charges', 'charge'],
  ['/v1/refunds', 'refund'],
  ['/v1/subscriptions?status=all&', 'subscription'],
  ['/v1/invoices', 'invoice'],
  ['/v1/invoice_payments', 'invoice_payment'],
  ['/v1/disputes', 'dispute'],
  ['/v1/balance_transactions', 'balance_transaction'],
  ['/v1/application_fees', 'application_fee', true],
  ['/v1/events', 'event'],
];

const summary = (problems: string[]): string[] => [
  ...new Set(problems.map((text) => text.replaceAll(/\[\d+\]/g, '[]'))),
];

test.skipIf(!folder)(
  'everything that is answered has the fields and types of Stripe\u2019s description',
  async () => {
    const openApi: OpenApi = openOpenApi(folder ?? '');
    expect(openApi.version).toBe(apiVersion);
    await using shop = await openShop();
    await live(shop);
    const problems: string[] = [];
    for (const [path, schema, platform] of kinds) {
      const query = `${path}${path.includes('?') ? '' : '?'}limit=100`;
      const { data } = (await read(shop, query, platform ? undefined : shop.account)) as { data: unknown[] };
      expect(data.length).toBeGreaterThan(0);
      problems.push(...data.flatMap((item) => openApi.problems(schema, item)));
    }
    expect(summary(problems)).toEqual([]);
  },
);

test.skipIf(!folder)('so has what is expanded, made for once, or nested', async () => {
  const openApi = openOpenApi(folder ?? '');
  await using shop = await openShop();
  await live(shop);
  const { stripe, on, account } = shop;
  const session = await aPaymentSession(shop);
  await submit(session.url ?? '', goodCard);
  const expanded = await read(
    shop,
    `/v1/checkout/sessions/${session.id}?expand[]=payment_intent.latest_charge.refunds&expand[]=line_items.data.price.product&expand[]=payment_intent.payment_method`,
    account,
  );
  expect(summary(openApi.problems('checkout.session', expanded))).toEqual([]);
  const invoices = await read(shop, '/v1/invoices?expand[]=data.payments&expand[]=data.customer', account);
  expect(summary((invoices.data as unknown[]).flatMap((item) => openApi.problems('invoice', item)))).toEqual(
    [],
  );
  const [subscription] = (await stripe.subscriptions.list({ status: 'all' }, on)).data;
  const items = await read(shop, `/v1/subscription_items?subscription=${subscription?.id}`, account);
  expect(
    summary((items.data as unknown[]).flatMap((item) => openApi.problems('subscription_item', item))),
  ).toEqual([]);
  const lines = await read(shop, `/v1/checkout/sessions/${session.id}/line_items`, account);
  expect(summary((lines.data as unknown[]).flatMap((item) => openApi.problems('item', item)))).toEqual([]);
  const [customer] = (await stripe.customers.list({}, on)).data;
  const portal = await stripe.billingPortal.sessions.create({ customer: customer?.id ?? '' }, on);
  expect(openApi.problems('billing_portal.session', JSON.parse(JSON.stringify(portal)))).toEqual([]);
  const link = await stripe.accountLinks.create({
    account,
    type: 'account_onboarding',
    return_url: 'http://x.example',
    refresh_url: 'http://x.example',
  });
  expect(openApi.problems('account_link', JSON.parse(JSON.stringify(link)))).toEqual([]);
  const fees = await read(shop, '/v1/application_fees?limit=100');
  const refunds = (fees.data as { refunds: { data: unknown[] } }[]).flatMap((fee) => fee.refunds.data);
  expect(refunds.length).toBeGreaterThan(0);
  expect(summary(refunds.flatMap((item) => openApi.problems('fee_refund', item)))).toEqual([]);
});

test.skipIf(!folder)('and so has every webhook with what it carries', async () => {
  const openApi = openOpenApi(folder ?? '');
  await using shop = await openShop();
  await live(shop);
  await webhooksDone(shop);
  const seen = new Set<string>();
  const all: string[] = [];
  for (const { raw } of shop.listener.received) {
    const event = JSON.parse(raw) as { type: string; data: { object: { object: string } } };
    seen.add(event.type);
    const problems = [
      ...openApi.problems('event', event),
      ...openApi.problems(event.data.object.object, event.data.object),
    ];
    all.push(...problems.map((problem) => `${event.type} ${problem}`));
  }
  expect(summary(all)).toEqual([]);
  expect(seen.size).toBeGreaterThan(25);
});

test.skipIf(!folder)('and so has every error', async () => {
  const openApi = openOpenApi(folder ?? '');
  await using shop = await openShop();
  const errorOf = async (path: string, init: RequestInit = {}): Promise<unknown> =>
    (
      await fetch(`${shop.sim.url}${path}`, { headers: { authorization: 'Bearer sk_test_x' }, ...init })
    ).json();
  const body = new URLSearchParams({ colour: 'blue' });
  const errors = [
    await errorOf('/v1/products/prod_x'),
    await errorOf('/v1/nonsense'),
    await errorOf('/v1/account', { headers: {} }),
    await errorOf('/v1/customers', { method: 'POST', body }),
  ];
  for (const error of errors) expect(openApi.problems('error', error)).toEqual([]);
});

test.skipIf(!folder)(
  'the check itself finds a wrong type, an unknown field, a missing one and a wrong enum',
  async () => {
    const openApi = openOpenApi(folder ?? '');
    await using shop = await openShop();
    const price = JSON.parse(JSON.stringify(await aPrice(shop))) as Record<string, unknown>;
    expect(openApi.problems('price', price)).toEqual([]);
    const { created: _created, ...wrong } = {
      ...price,
      unit_amount: '20',
      type: 'weekly',
      colour: 'blue',
    } as Record<string, unknown>;
    expect(openApi.problems('price', wrong).toSorted()).toEqual([
      'price.colour: not in the schema',
      'price.created: missing',
      'price.type: "weekly" is not in the enum',
      'price.unit_amount: not an integer',
    ]);
  },
);
