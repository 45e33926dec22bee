import { expect, test } from 'vitest';
import { startStripesim } from '../src/index.ts';
import { aPaymentSession, aPrice, clientOf, goodCard, openShop, submit, webhooksDone } from './harness.ts';
import type { Shop } from './harness.ts';

async function control<T>(
  { sim }: Pick<Shop, 'sim'>,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(`${sim.url}/_sim/${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const value: unknown = await answer.json();
  if (!answer.ok) throw new Error(JSON.stringify(value));
  return value as T;
}

test('a webhook that is refused is sent again, and the others do not wait for it', async () => {
  await using shop = await openShop();
  await webhooksDone(shop);
  shop.listener.refuseNext(2);
  await shop.stripe.customers.create({}, shop.on);
  await webhooksDone(shop);
  const [last] = shop.sim.deliveries().slice(-1);
  expect(last).toMatchObject({ type: 'customer.created', status: 'delivered', attempts: 3 });
});

test('webhooks are dropped, duplicated, delayed and reordered on demand', async () => {
  await using shop = await openShop();
  await webhooksDone(shop);
  shop.listener.received.length = 0;
  await control(shop, 'POST', 'faults', { kind: 'webhook-drop', type: 'product.*', times: 1 });
  await control(shop, 'POST', 'faults', {
    kind: 'webhook-duplicate',
    type: 'price.created',
    times: 1,
    count: 3,
  });
  await aPrice(shop);
  await webhooksDone(shop);
  expect(shop.listener.types()).toEqual(['price.created', 'price.created', 'price.created']);
  expect(new Set(shop.listener.received.map(({ event }) => event.id)).size).toBe(1);

  shop.listener.received.length = 0;
  await control(shop, 'POST', 'faults', { kind: 'webhook-reorder', count: 2, times: 1 });
  await aPrice(shop);
  await webhooksDone(shop);
  expect(shop.listener.types()).toEqual(['price.created', 'product.created']);

  shop.listener.received.length = 0;
  await control(shop, 'POST', 'faults', {
    kind: 'webhook-delay',
    type: 'product.*',
    times: 1,
    delay_ms: 100,
  });
  await aPrice(shop);
  await webhooksDone(shop);
  expect(shop.listener.types()).toEqual(['price.created', 'product.created']);

  // What was dropped can be sent after all.
  const { data } = await control<{ data: { event: string }[] }>(shop, 'GET', 'deliveries?status=dropped');
  await control(shop, 'POST', `events/${data[0]?.event}/resend`);
  await webhooksDone(shop);
  expect(shop.listener.received.at(-1)?.event.id).toBe(data[0]?.event);
});

test('an answer is lost although the request was carried out; the retry with its key finds it', async () => {
  await using shop = await openShop();
  await control(shop, 'POST', 'faults', {
    kind: 'api-answer-lost',
    method: 'POST',
    path: '/v1/customers',
    // The SDK tries once more by itself when a connection is cut.
    times: 2,
  });
  const options = { ...shop.on, idempotencyKey: 'k' };
  await expect(shop.stripe.customers.create({ name: 'Bo' }, options)).rejects.toMatchObject({
    type: 'StripeConnectionError',
  });
  const found = await shop.stripe.customers.create({ name: 'Bo' }, options);
  expect(found.lastResponse.headers['idempotent-replayed']).toBe('true');
  expect((await shop.stripe.customers.list({}, shop.on)).data).toHaveLength(1);
});

test('outage, errors and latency of the API', async () => {
  await using shop = await openShop();
  const outage = await control<{ id: string }>(shop, 'POST', 'faults', { kind: 'api-outage' });
  await expect(shop.stripe.customers.list({}, shop.on)).rejects.toMatchObject({
    type: 'StripeConnectionError',
  });
  await control(shop, 'DELETE', `faults/${outage.id}`);
  await control(shop, 'POST', 'faults', { kind: 'api-error', status: 503, times: 1, account: shop.account });
  await expect(shop.stripe.customers.list({}, shop.on)).rejects.toMatchObject({ statusCode: 503 });
  await control(shop, 'POST', 'faults', { kind: 'api-error', status: 429, times: 1 });
  await expect(shop.stripe.customers.list({}, shop.on)).rejects.toMatchObject({
    type: 'StripeRateLimitError',
  });
  await control(shop, 'POST', 'faults', { kind: 'api-latency', delay_ms: 60, times: 1 });
  const started = performance.now();
  await shop.stripe.customers.list({}, shop.on);
  expect(performance.now() - started).toBeGreaterThan(55);
  await expect(control(shop, 'POST', 'faults', { kind: 'nonsense' })).rejects.toThrow(/must be one of/);
  await expect(control(shop, 'POST', 'faults', { kind: 'api-outage', colour: 1 })).rejects.toThrow(/colour/);
});

test('a dispute withdraws the money, and is won or lost', async () => {
  await using shop = await openShop();
  const { stripe, on } = shop;
  const results: string[] = [];
  for (const status of ['won', 'lost'] as const) {
    const session = await aPaymentSession(shop);
    await submit(session.url ?? '', goodCard);
    const paid = await stripe.checkout.sessions.retrieve(session.id, {}, on);
    const intent = await stripe.paymentIntents.capture(String(paid.payment_intent), {}, on);
    const opened = await control<{ id: string }>(shop, 'POST', 'disputes', { charge: intent.latest_charge });
    expect(await stripe.charges.retrieve(String(intent.latest_charge), {}, on)).toMatchObject({
      disputed: true,
    });
    await expect(stripe.refunds.create({ payment_intent: intent.id }, on)).rejects.toMatchObject({
      code: 'charge_disputed',
    });
    await control(shop, 'POST', `disputes/${opened.id}/close`, { status });
    results.push((await stripe.disputes.retrieve(opened.id, {}, on)).status);
  }
  expect(results).toEqual(['won', 'lost']);
  await webhooksDone(shop);
  const types = shop.listener.types().filter((type) => type.startsWith('charge.dispute.'));
  expect(types).toEqual([
    'charge.dispute.created',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.closed',
    'charge.dispute.funds_reinstated',
    'charge.dispute.created',
    'charge.dispute.funds_withdrawn',
    'charge.dispute.closed',
  ]);
});

test('the clock moves by HTTP, and forwards only', async () => {
  await using sim = await startStripesim();
  const { now } = await control<{ now: number }>({ sim }, 'POST', 'clock', { advance_seconds: 3600 });
  expect((await clientOf(sim).customers.create({})).created).toBeGreaterThanOrEqual(now);
  await expect(control({ sim }, 'POST', 'clock', { to: now - 10 })).rejects.toThrow(/back/);
});

test('the control API takes JSON only, so that no web page can post a form to it', async () => {
  await using sim = await startStripesim();
  const answer = await fetch(`${sim.url}/_sim/clock`, {
    method: 'POST',
    body: new URLSearchParams({ to: '1' }),
  });
  expect(answer.status).toBe(415);
});
