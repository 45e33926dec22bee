import { Code } from '@cnap/client';
import { newId } from '@cnap/ids';
import { CheckoutCheckKind } from '@cnap/proto/cnap/billing/v1/checkout_service';
import { OrderState, PaymentMode } from '@cnap/proto/cnap/billing/v1/order';
import { ProductState, Visibility } from '@cnap/proto/cnap/catalog/v1/product';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { expectError } from '@cnap/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NewProduct } from './fakes.ts';
import {
  aPrice,
  aShop,
  installBecomes,
  monthly,
  startTestBilling,
  statesOf,
  untilState,
  wishFor,
  type Person,
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
afterEach(() => {
  billing.installer.fit = { fits: true, regionOffered: true };
  billing.sim.faults.clear();
});

const { PRODUCT, NOT_OWN_PRODUCT, SELLABLE, REGION, INPUTS, FIT } = CheckoutCheckKind;

const aProduct = (product: NewProduct = {}, built = true) =>
  billing.catalog.aProduct(
    { workspaceId: billing.sellerWorkspaceId, stripePriceIds: shop.stripePriceIds, ...product },
    built,
  );

const preview = (wish: object = {}, person: Person = 'buyer') =>
  billing.as(person).checkouts.previewCheckout({ ...wishFor(shop), ...wish });

const create = (wish: object = {}, person: Person = 'buyer') =>
  billing.as(person).checkouts.createCheckout({ ...wishFor(shop), ...wish });

/** The reason of each check that failed, by kind. */
async function failures(wish: object = {}, person: Person = 'buyer'): Promise<Record<number, string>> {
  const { checks, ready } = await preview(wish, person);
  const failed = checks.filter(({ passed }) => !passed);
  expect(ready).toBe(failed.length === 0);
  for (const { message } of failed) expect(message).not.toBe('');
  return Object.fromEntries(failed.map(({ kind, reason }) => [kind, reason]));
}

describe('the checks', () => {
  test('all pass, in their order, and say what it costs', async () => {
    const { checks, ready, lines, amountDue, currency, recurring } = await preview();
    expect(checks.map(({ kind }) => kind)).toEqual([PRODUCT, NOT_OWN_PRODUCT, SELLABLE, REGION, INPUTS, FIT]);
    expect({ ready, amountDue, currency, recurring }).toEqual({
      ready: true,
      amountDue: 2_000n,
      currency: 'eur',
      recurring: false,
    });
    expect(lines).toMatchObject([{ quantity: 1n, amount: 2_000n, price: { label: 'Podinfo' } }]);
  });

  test('the product: unknown, private, retired, not built; nothing else is checked then', async () => {
    const offers = (product: NewProduct, built = true) => ({ productId: aProduct(product, built).id });
    const hidden = offers({ visibility: Visibility.PRIVATE });
    expect(await failures({ productId: newId('prd') })).toEqual({ [PRODUCT]: 'PRODUCT_NOT_FOUND' });
    expect(await failures(hidden)).toEqual({ [PRODUCT]: 'PRODUCT_NOT_FOUND' });
    expect(await failures(hidden, 'seller')).toEqual({ [NOT_OWN_PRODUCT]: 'OWN_PRODUCT' });
    expect(await failures(offers({ state: ProductState.RETIRED }))).toEqual({ [PRODUCT]: 'PRODUCT_RETIRED' });
    expect(await failures(offers({}, false))).toEqual({ [PRODUCT]: 'PRODUCT_NOT_BUILT' });
    expect((await preview(hidden)).checks).toHaveLength(1);
    await expectError(create(hidden), Code.NotFound, 'PRODUCT_NOT_FOUND');
  });

  test('sellable: an account that can charge and prices that go together', async () => {
    const { accountId } = shop;
    const dollars = await aPrice(billing, accountId, { currency: 'usd' });
    const archived = await aPrice(billing, accountId, monthly);
    await billing.stripe.prices.update(archived, { active: false }, shop.on);
    const withPrices = (...stripePriceIds: string[]) => ({ productId: aProduct({ stripePriceIds }).id });
    const [euros = ''] = shop.stripePriceIds;
    expect(await failures(withPrices(euros, dollars))).toEqual({ [SELLABLE]: 'MIXED_CURRENCIES' });
    expect(await failures(withPrices(archived))).toEqual({ [SELLABLE]: 'NO_ACTIVE_PRICE' });
    expect(await failures(withPrices('price_unknown'))).toEqual({ [SELLABLE]: 'NO_ACTIVE_PRICE' });
    expect(await failures(withPrices(euros, archived))).toEqual({ [SELLABLE]: 'PRICE_INACTIVE' });
    const elsewhere = aProduct({ workspaceId: billing.keys.strangerWorkspaceId });
    expect(await failures({ productId: elsewhere.id })).toEqual({ [SELLABLE]: 'SELLER_NOT_READY' });
  });

  test('region and fit: what the installer says, without naming clusters', async () => {
    billing.installer.fit = { regionOffered: false };
    const { checks } = await preview();
    expect(checks.map(({ kind }) => kind)).not.toContain(FIT);
    expect(await failures()).toEqual({ [REGION]: 'REGION_NOT_OFFERED' });
    billing.installer.fit = { regionOffered: true, fits: false, reason: 'NO_ROOM', message: 'No room.' };
    expect(await failures()).toEqual({ [FIT]: 'NO_ROOM' });
  });

  test.each([
    ['too long', { title: 'x'.repeat(21) }, 'inputs.title'],
    ['of another type', { title: 7 }, 'inputs.title'],
    ['unknown', { colour: 'red' }, 'inputs.colour'],
    ['a template', { title: '{{ .Values }}' }, 'inputs.title'],
    ['enormous', { title: 'x'.repeat(300_000) }, 'inputs'],
  ])('inputs: %s', async (_name, inputs, field) => {
    const error = await expectError(create({ inputs }), Code.FailedPrecondition, 'CHECKOUT_REFUSED');
    expect(error.metadata).toMatchObject({ INPUTS: 'INPUTS_INVALID' });
    expect(error.fields.map((violation) => violation.field)).toContain(field);
  });

  test('inputs: what is missing is named, in nested objects too', async () => {
    const { id } = aProduct({
      inputSchema: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { type: 'object', required: ['gb'], properties: { gb: { type: 'integer', minimum: 1 } } },
        },
      },
    });
    const fieldsOf = async (inputs: object) =>
      (await expectError(create({ productId: id, inputs }), Code.FailedPrecondition, 'CHECKOUT_REFUSED'))
        .fields;
    expect(await fieldsOf({})).toMatchObject([{ field: 'inputs.size', description: 'is required' }]);
    expect(await fieldsOf({ size: {} })).toMatchObject([
      { field: 'inputs.size.gb', description: 'is required' },
    ]);
    expect(await fieldsOf({ size: { gb: 0 } })).toMatchObject([{ field: 'inputs.size.gb' }]);
  });

  test('inputs: a pattern that never comes to an end does not hold anybody up', async () => {
    const { id } = aProduct({
      inputSchema: { type: 'object', properties: { title: { type: 'string', pattern: '^(a+)+$' } } },
    });
    const inputs = { title: `${'a'.repeat(40)}!` };
    await expectError(create({ productId: id, inputs }), Code.FailedPrecondition, 'CHECKOUT_REFUSED');
  });

  test('seats are for prices per seat', async () => {
    expect(await failures({ quantity: 2 })).toEqual({ [INPUTS]: 'SEATS_NOT_OFFERED' });
  });

  test('a refusal carries every failed check', async () => {
    billing.installer.fit = { regionOffered: true, fits: false, reason: 'NO_ROOM', message: 'No room.' };
    const wish = create({ inputs: { title: 7 } }, 'seller');
    const error = await expectError(wish, Code.FailedPrecondition, 'CHECKOUT_REFUSED');
    expect(error.metadata).toMatchObject({
      NOT_OWN_PRODUCT: 'OWN_PRODUCT',
      INPUTS: 'INPUTS_INVALID',
      FIT: 'NO_ROOM',
    });
    expect(error.fields.map(({ field }) => field)).toEqual(['product_id', 'inputs.title', 'region_id']);
  });

  test('when it is only that no cluster answers, the call may be repeated', async () => {
    const message = 'No cluster of the seller in this region is available at the moment.';
    billing.installer.fit = { regionOffered: true, fits: false, reason: 'CLUSTER_UNAVAILABLE', message };
    const error = await expectError(create({}), Code.Unavailable, 'CHECKOUT_REFUSED');
    expect(error.metadata).toEqual({ FIT: 'CLUSTER_UNAVAILABLE' });
    expect(error.message).toContain(message);
    await expectError(create({ inputs: { title: 7 } }), Code.FailedPrecondition, 'CHECKOUT_REFUSED');
    billing.installer.fit = { regionOffered: true, fits: true };
    expect((await create({})).order?.id).toMatch(/^ord_/);
  });

  test('viewers do not buy, strangers of no workspace neither', async () => {
    await expectError(create({}, 'buyer-viewer'), Code.PermissionDenied, 'PERMISSION_DENIED');
  });
});

describe('a checkout', () => {
  test('the same request id gives the same order, another request with it is refused', async () => {
    const requestId = 'click-1';
    const first = await create({ requestId });
    const again = await create({ requestId });
    expect(again.order?.id).toBe(first.order?.id);
    expect(again.checkoutUrl).toBe(first.checkoutUrl);
    await expectError(create({ requestId, inputs: {} }), Code.InvalidArgument, 'REQUEST_ID_REUSED');
    const other = await create({ requestId: 'click-2' });
    expect(other.order?.id).not.toBe(first.order?.id);
  });

  test('two clicks at once make one order', async () => {
    const clicks = await Promise.all([1, 2, 3, 4].map(() => create({ requestId: 'double' })));
    expect(new Set(clicks.map(({ order }) => order?.id)).size).toBe(1);
    expect(new Set(clicks.map(({ checkoutUrl }) => checkoutUrl)).size).toBe(1);
  });

  test('it goes on after Stripe was away: the order is there, the session is made once', async () => {
    billing.sim.faults.add({ kind: 'api-outage', path: '/v1/checkout/sessions', method: 'POST' });
    await expectError(create({ requestId: 'away' }), Code.Unavailable, 'STRIPE_UNAVAILABLE');
    billing.sim.faults.clear();
    const { order, checkoutUrl } = await create({ requestId: 'away' });
    expect(order?.state).toBe(OrderState.OPEN);
    expect(checkoutUrl).toContain(billing.sim.url);
  });

  test('what Stripe refuses leaves no order that could never be paid', async () => {
    const prices = [monthly, { recurring: { interval: 'year' } } as const];
    const stripePriceIds = [];
    for (const price of prices) stripePriceIds.push(await aPrice(billing, shop.accountId, price));
    const { id } = aProduct({ stripePriceIds });
    await expectError(create({ productId: id }), Code.FailedPrecondition, 'STRIPE_REFUSED');
    const { orders } = await billing.as('buyer').orders.listOrders({ pageSize: 1 });
    expect(orders[0]).toMatchObject({ productId: id, state: OrderState.EXPIRED, reason: 'STRIPE_REFUSED' });
  });

  test('an answer of Stripe that is lost makes no second session', async () => {
    billing.sim.faults.add({
      kind: 'api-answer-lost',
      path: '/v1/checkout/sessions',
      method: 'POST',
      times: 2,
    });
    await expectError(create({ requestId: 'lost' }), Code.Unavailable, 'STRIPE_UNAVAILABLE');
    const { order } = await create({ requestId: 'lost' });
    const { data } = await billing.stripe.checkout.sessions.list({ limit: 100 }, shop.on);
    const made = data.filter((session) => session.client_reference_id === order?.id);
    expect(made.map(({ id }) => id)).toEqual([order?.stripeSessionId]);
  });

  test('its pages are where the caller wants them', async () => {
    const { order } = await create({
      successUrl: 'https://shop.example/done?order={ORDER_ID}',
      cancelUrl: 'https://shop.example/back',
    });
    const session = await billing.stripe.checkout.sessions.retrieve(
      order?.stripeSessionId ?? '',
      {},
      shop.on,
    );
    expect(session).toMatchObject({
      success_url: `https://shop.example/done?order=${order?.id}`,
      cancel_url: 'https://shop.example/back',
      client_reference_id: order?.id,
    });
  });
});

describe('what is free', () => {
  const free = () => aProduct({ stripePriceIds: [] });

  test('is delivered without Stripe', async () => {
    const { order, checkoutUrl } = await create({ productId: free().id });
    expect(checkoutUrl).toBe('');
    expect(order).toMatchObject({
      state: OrderState.AUTHORIZED,
      paymentMode: PaymentMode.FREE,
      amountTotal: 0n,
    });
    const id = order?.id ?? '';
    await untilState(billing, id, OrderState.DEPLOYING);
    expect(billing.installer.ensured.find(({ orderId }) => orderId === id)?.idempotencyKey).toBe(`idk_${id}`);
    await installBecomes(billing, id, InstallState.RUNNING);
    const done = await untilState(billing, id, OrderState.FULFILLED);
    expect(statesOf(done)).toEqual(['OPEN', 'AUTHORIZED', 'DEPLOYING', 'FULFILLED']);
    await expectError(
      billing.as('seller').orders.refundOrder({ id }),
      Code.FailedPrecondition,
      'ORDER_STATE',
    );
  });

  test('that fails is just ended', async () => {
    const { order } = await create({ productId: free().id });
    const id = order?.id ?? '';
    await untilState(billing, id, OrderState.DEPLOYING);
    await installBecomes(billing, id, InstallState.FAILED, 'broken');
    await untilState(billing, id, OrderState.REFUNDED);
    expect(billing.installer.ended).toContain(id);
  });

  test('and private is for the seller alone', async () => {
    const { id } = aProduct({ stripePriceIds: [], visibility: Visibility.UNSPECIFIED });
    await expectError(create({ productId: id }), Code.NotFound, 'PRODUCT_NOT_FOUND');
  });
});
