import { request } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stripe } from 'stripe';
import { expect, test } from 'vitest';
import { startStripesim } from '../src/index.ts';
import { aPaymentSession, aPrice, clientOf, goodCard, onboard, openShop, submit } from './harness.ts';

test('a repeated request with its key is answered as before, another one is refused', async () => {
  await using shop = await openShop();
  const { stripe } = shop;
  const options = { ...shop.on, idempotencyKey: 'ord_1:customer' };
  const first = await stripe.customers.create({ email: 'a@example.com' }, options);
  const second = await stripe.customers.create({ email: 'a@example.com' }, options);
  expect(second.id).toBe(first.id);
  expect(second.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect(second.lastResponse.headers['original-request']).toBe(first.lastResponse.requestId);
  await expect(stripe.customers.create({ email: 'b@example.com' }, options)).rejects.toMatchObject({
    type: 'StripeIdempotencyError',
    statusCode: 400,
  });
  // Another account has keys of its own, and after a day the key is forgotten.
  const elsewhere = await stripe.customers.create(
    { email: 'a@example.com' },
    { idempotencyKey: 'ord_1:customer' },
  );
  expect(elsewhere.id).not.toBe(first.id);
  shop.sim.advance(24 * 3600);
  expect((await stripe.customers.create({ email: 'b@example.com' }, options)).id).not.toBe(first.id);
});

test('a refused request keeps its key, unless a parameter was wrong', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const session = await aPaymentSession(shop);
  await submit(session.url ?? '', goodCard);
  const { payment_intent } = await stripe.checkout.sessions.retrieve(session.id, {}, on);
  const id = String(payment_intent);
  const capture = (amount: number, key: string): Promise<Stripe.PaymentIntent> =>
    stripe.paymentIntents.capture(id, { amount_to_capture: amount }, { ...on, idempotencyKey: key });
  await expect(capture(2001, 'k1')).rejects.toMatchObject({ code: 'amount_too_large' });
  expect(await capture(1500, 'k1')).toMatchObject({ status: 'succeeded', amount_received: 1500 });
  await expect(capture(1500, 'k2')).rejects.toMatchObject({ code: 'payment_intent_unexpected_state' });
  const again = await capture(1500, 'k2').catch((error: unknown) => error);
  expect(again).toMatchObject({ headers: { 'idempotent-replayed': 'true' } });
});

test('what it does not know is an error that names it', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const unknown = { name: 'Podinfo', colour: 'blue', package_dimensions: { height: 1 } };
  await expect(
    stripe.products.create(unknown as unknown as Stripe.ProductCreateParams, on),
  ).rejects.toMatchObject({
    code: 'parameter_unknown',
    param: 'colour',
    message: 'Received unknown parameters: colour, package_dimensions',
    statusCode: 400,
  });
  await expect(aPaymentSession(shop, { payment_intent_data: { transfer_group: 'x' } })).rejects.toMatchObject(
    { param: 'payment_intent_data[transfer_group]' },
  );
  await expect(
    aPrice(shop, { recurring: { interval: 'month', usage_type: 'metered' } }),
  ).rejects.toMatchObject({
    param: 'recurring[usage_type]',
  });
  await expect(stripe.coupons.list({}, on)).rejects.toMatchObject({
    statusCode: 404,
    message: expect.stringContaining('GET: /v1/coupons') as unknown,
  });
  await expect(stripe.products.retrieve('prod_x', {}, on)).rejects.toMatchObject({
    statusCode: 404,
    code: 'resource_missing',
    message: "No such product: 'prod_x'",
  });
  await expect(
    stripe.prices.create({ unit_amount: 1, product: 'x' } as Stripe.PriceCreateParams, on),
  ).rejects.toMatchObject({
    code: 'parameter_missing',
    param: 'currency',
  });
  await aPrice(shop);
  await expect(stripe.prices.list({ expand: ['data.nonsense'] }, on)).rejects.toMatchObject({
    param: 'expand',
  });
});

test('keys, accounts and versions', async () => {
  await using shop = await openShop();
  const { sim, stripe } = shop;
  const get = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${sim.url}/v1/account`, { headers });
  expect((await get({})).status).toBe(401);
  expect((await get({ authorization: 'Bearer sk_live_x' })).status).toBe(401);
  const basic = { authorization: `Basic ${Buffer.from('sk_test_x:').toString('base64')}` };
  expect((await get(basic)).status).toBe(200);
  expect((await get({ ...basic, 'stripe-version': '2020-08-27' })).status).toBe(400);
  await expect(stripe.customers.list({}, { stripeAccount: 'acct_other' })).rejects.toMatchObject({
    statusCode: 403,
    code: 'account_invalid',
  });
  // Both headers choose the account, and its things are nobody else's.
  const customer = await stripe.customers.create({ name: 'Bo' }, { stripeContext: shop.account });
  expect(await stripe.customers.retrieve(customer.id, {}, shop.on)).toMatchObject({ name: 'Bo' });
  await expect(stripe.customers.retrieve(customer.id)).rejects.toMatchObject({ code: 'resource_missing' });
  await expect(
    aPaymentSession({
      ...shop,
      on: { stripeAccount: (await stripe.accounts.create({ type: 'standard' })).id },
    }),
  ).rejects.toThrow(/cannot currently make charges/);
});

test('lists have pages in both directions', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const made: string[] = [];
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    made.unshift((await stripe.customers.create({ name }, on)).id);
  const first = await stripe.customers.list({ limit: 2 }, on);
  expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/customers' });
  const all = await stripe.customers.list({ limit: 2 }, on).autoPagingToArray({ limit: 100 });
  expect(all.map(({ id }) => id)).toEqual(made);
  const back = await stripe.customers.list({ limit: 2, ending_before: made[4] ?? '' }, on);
  expect(back.data.map(({ id }) => id)).toEqual(made.slice(2, 4));
  await expect(stripe.customers.list({ starting_after: 'cus_x' }, on)).rejects.toMatchObject({
    param: 'starting_after',
  });
  await expect(stripe.customers.list({ limit: 101 }, on)).rejects.toMatchObject({ param: 'limit' });
});

test('customers are found by their metadata, after the lag', async () => {
  await using shop = await openShop({ settings: { searchLagSeconds: 60 } });
  const { stripe, on, sim } = shop;
  const bo = await stripe.customers.create(
    { email: 'bo@example.com', metadata: { workspaceId: "ws_'1", userId: 'usr_1' } },
    on,
  );
  await stripe.customers.create({ email: 'al@example.com', metadata: { workspaceId: 'ws_2' } }, on);
  const find = async (query: string): Promise<(string | null)[]> =>
    (await stripe.customers.search({ query }, on)).data.map(({ email }) => email);
  expect(await find(String.raw`metadata['workspaceId']:'ws_\'1'`)).toEqual([]);
  sim.advance(61);
  expect(await find(String.raw`metadata['workspaceId']:'ws_\'1' AND metadata['userId']:'usr_1'`)).toEqual([
    bo.email,
  ]);
  expect(await find(`metadata["workspaceId"]:"ws_2" OR email:"bo@example.com"`)).toEqual([
    'al@example.com',
    'bo@example.com',
  ]);
  expect(await find(`-metadata["userId"]:null`)).toEqual(['bo@example.com']);
  expect(await find(`email~"example"`)).toHaveLength(2);
  expect(await find(`created>${bo.created + 1}`)).toEqual([]);
  await expect(find('colour:"blue"')).rejects.toMatchObject({ param: 'query' });
  await expect(find('a AND')).rejects.toMatchObject({ param: 'query' });
});

test('prices and products: filters, expansion, deactivation', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const one = await aPrice(shop);
  const old = await aPrice(shop, { nickname: 'old' });
  await stripe.prices.update(old.id, { active: false, metadata: { a: 'b' } }, on);
  const { data } = await stripe.prices.list({ active: true, expand: ['data.product'] }, on);
  expect(data).toMatchObject([{ id: one.id, product: { name: 'Podinfo', active: true } }]);
  await expect(
    stripe.checkout.sessions.create(
      { mode: 'payment', line_items: [{ price: old.id, quantity: 1 }], success_url: 'http://x.example' },
      on,
    ),
  ).rejects.toMatchObject({ param: 'line_items[0][price]' });
  const { data: events } = await stripe.events.list({ types: ['price.updated'] }, on);
  expect(events[0]?.data.previous_attributes).toEqual({ active: true, metadata: {} });
});

test('a restart keeps everything, and the clock', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'stripesim-'));
  try {
    let account: string;
    let customer: string;
    let now: number;
    {
      await using sim = await startStripesim({ dataDir });
      const stripe = clientOf(sim);
      account = await onboard(stripe);
      const options = { stripeAccount: account, idempotencyKey: 'k' };
      customer = (await stripe.customers.create({ name: 'Bo' }, options)).id;
      sim.advance(1_000_000);
      now = sim.now();
    }
    await using sim = await startStripesim({ dataDir });
    const stripe = clientOf(sim);
    expect(sim.now()).toBeGreaterThanOrEqual(now);
    expect(await stripe.accounts.retrieve(account)).toMatchObject({ charges_enabled: true });
    expect(await stripe.customers.retrieve(customer, {}, { stripeAccount: account })).toMatchObject({
      name: 'Bo',
    });
    expect((await stripe.events.list({}, { stripeAccount: account })).data.map(({ type }) => type)).toEqual([
      'customer.created',
      'account.updated',
    ]);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

test('bodies that are not forms, and paths that are not paths', async () => {
  await using shop = await openShop();
  const post = (body: string, type = 'application/x-www-form-urlencoded'): Promise<Response> =>
    fetch(`${shop.sim.url}/v1/products`, {
      method: 'POST',
      body,
      headers: { authorization: 'Bearer sk_test_x', 'content-type': type },
    });
  expect((await post('{"name":"x"}', 'application/json')).status).toBe(400);
  expect((await post('name[=x')).status).toBe(400);
  expect((await post('name=a&name[b]=c')).status).toBe(400);
  expect((await post('__proto__[x]=1&name=a')).status).toBe(400);
  expect((await post(`name=${'x'.repeat(2_000_000)}`)).status).toBe(413);
  const raw = Promise.withResolvers<number>();
  request(`${shop.sim.url}/c/pay/%E0%A4%A`, (response) => raw.resolve(response.statusCode ?? 0)).end();
  expect(await raw.promise).toBe(404);
});
