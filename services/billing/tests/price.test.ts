import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { Code } from '@cnap/client';
import { PriceKind } from '@cnap/proto/cnap/billing/v1/price';
import { PriceLookupService } from '@cnap/proto/cnap/billing/v1/price_lookup_service';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aPrice, connectSeller, factsOf, monthly, startTestBilling, type TestBilling } from './harness.ts';

let billing: TestBilling;
let accountId: string;

beforeAll(async () => {
  billing = await startTestBilling();
  accountId = await connectSeller(billing);
});
afterAll(() => billing[Symbol.asyncDispose]());

const onAccount = () => ({ stripeAccount: accountId });
const seller = () => billing.as('seller').prices;

/** The price lookup, as catalog calls it. */
const lookup = () =>
  createClient(
    PriceLookupService,
    createConnectTransport({
      httpVersion: '1.1',
      baseUrl: billing.url,
      interceptors: [
        (next) => async (request) => {
          request.header.set(
            'authorization',
            `Bearer ${await billing.keys.identityOf('catalog').token('billing')}`,
          );
          return next(request);
        },
      ],
    }),
  );

describe('prices', () => {
  test('are listed live, page by page, active ones only', async () => {
    const ids = [];
    for (const amount of [100, 200, 300, 400, 500])
      ids.push(await aPrice(billing, accountId, { unit_amount: amount }));
    await billing.stripe.prices.update(ids[2] ?? '', { active: false }, onAccount());
    const found: string[] = [];
    let pageToken = '';
    let pages = 0;
    do {
      const page = await seller().listPrices({ pageSize: 2, pageToken });
      found.push(...page.prices.map(({ stripePriceId }) => stripePriceId));
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== '');
    expect(pages).toBe(2);
    expect(found.toSorted()).toEqual(ids.filter((_, index) => index !== 2).toSorted());
    await expectError(
      seller().listPrices({ pageToken: 'nonsense' }),
      Code.InvalidArgument,
      'PAGE_TOKEN_INVALID',
    );
  });

  test('have a kind', async () => {
    const kinds = async (price: Parameters<typeof aPrice>[2]) => {
      const id = await aPrice(billing, accountId, price);
      const { prices } = await lookup().lookUpPrices({
        workspaceId: billing.sellerWorkspaceId,
        stripePriceIds: [id],
      });
      return prices[0]?.kind;
    };
    expect(await kinds({})).toBe(PriceKind.ONE_TIME);
    expect(await kinds(monthly)).toBe(PriceKind.RECURRING);
    expect(await kinds({ ...monthly, product_data: { name: 'Seat', unit_label: 'seat' } })).toBe(
      PriceKind.PER_SEAT,
    );
  });

  test('of another seller, or of none, are not found', async () => {
    await expectError(
      billing.as('stranger').prices.listPrices({}),
      Code.NotFound,
      'SELLER_ACCOUNT_NOT_FOUND',
    );
    const call = lookup().lookUpPrices({ workspaceId: billing.buyerWorkspaceId, stripePriceIds: [] });
    await expectError(call, Code.NotFound, 'SELLER_ACCOUNT_NOT_FOUND');
  });

  test('say that Stripe cannot be reached', async () => {
    billing.sim.faults.add({ kind: 'api-outage' });
    await expectError(seller().listPrices({}), Code.Unavailable, 'STRIPE_UNAVAILABLE');
    billing.sim.faults.clear();
  });
});

describe('the price lookup', () => {
  test('gives what exists, and whether the seller can charge', async () => {
    const id = await aPrice(billing, accountId, { unit_amount: 700 });
    const found = await lookup().lookUpPrices({
      workspaceId: billing.sellerWorkspaceId,
      stripePriceIds: [id, 'price_gone'],
    });
    expect(found.chargesEnabled).toBe(true);
    expect(found.prices).toMatchObject([
      { stripePriceId: id, unitAmount: 700n, currency: 'eur', active: true },
    ]);
  });

  test('is for services', async () => {
    const transport = createConnectTransport({
      httpVersion: '1.1',
      baseUrl: billing.url,
      interceptors: [
        (next) => async (request) => {
          request.header.set('authorization', `Bearer ${await billing.keys.tokenOf('owner')}`);
          return next(request);
        },
      ],
    });
    const call = createClient(PriceLookupService, transport).lookUpPrices({
      workspaceId: billing.buyerWorkspaceId,
      stripePriceIds: [],
    });
    await expectError(call, Code.PermissionDenied);
  });
});

describe('webhooks', () => {
  const facts = (id: string) => factsOf(billing, 'price', id);

  test('keep prices in sync: one fact per change, whoever noticed it first', async () => {
    const id = await aPrice(billing, accountId, { unit_amount: 900 });
    await eventually(async () => (await facts(id)).length === 1);
    await seller().listPrices({});
    expect(await facts(id)).toEqual(['created']);
    await billing.stripe.prices.update(id, { active: false }, onAccount());
    await eventually(async () => (await facts(id)).length === 2);
    await lookup().lookUpPrices({ workspaceId: billing.sellerWorkspaceId, stripePriceIds: [id] });
    expect(await facts(id)).toEqual(['created', 'updated']);
  });

  test("a renamed product changes its prices' labels", async () => {
    const id = await aPrice(billing, accountId);
    await eventually(async () => (await facts(id)).length === 1);
    const { product } = await billing.stripe.prices.retrieve(id, {}, onAccount());
    await billing.stripe.products.update(String(product), { name: 'Podinfo Pro' }, onAccount());
    await eventually(async () => (await facts(id)).length === 2);
    const { prices } = await lookup().lookUpPrices({
      workspaceId: billing.sellerWorkspaceId,
      stripePriceIds: [id],
    });
    expect(prices[0]?.label).toBe('Podinfo Pro');
  });
});
