import { create } from '@bufbuild/protobuf';
import { Code } from '@cnap/client';
import { ProductEventSchema } from '@cnap/proto/cnap/catalog/v1/product_event';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aShop, connectSeller, factsOf, simulate, startTestBilling, type TestBilling } from './harness.ts';

let billing: TestBilling;

beforeAll(async () => {
  billing = await startTestBilling();
});
afterAll(() => billing[Symbol.asyncDispose]());

const connect = (person: 'seller' | 'buyer' | 'buyer-viewer' = 'seller') =>
  billing.as(person).sellerAccounts.connectSellerAccount({ returnUrl: 'http://cnap.example/back' });

describe('a seller account', () => {
  test('is not there before it is connected', async () => {
    const get = billing.as('stranger').sellerAccounts.getSellerAccount({});
    await expectError(get, Code.NotFound, 'SELLER_ACCOUNT_NOT_FOUND');
  });

  test('is connected once, whoever asks at the same time, and enabled by onboarding', async () => {
    const links = await Promise.all([connect(), connect(), connect()]);
    expect(new Set(links.map(({ sellerAccount }) => sellerAccount?.stripeAccountId)).size).toBe(1);
    expect(links[0]?.sellerAccount).toMatchObject({ chargesEnabled: false, detailsSubmitted: false });
    const accountId = await connectSeller(billing);
    expect(accountId).toBe(links[0]?.sellerAccount?.stripeAccountId);
    const { data } = await billing.stripe.accounts.list({ limit: 100 });
    const ours = data.filter(({ metadata }) => metadata?.['workspaceId'] === billing.sellerWorkspaceId);
    expect(ours).toHaveLength(1);
    expect(await factsOf(billing, 'seller')).toEqual(['connected', 'enabled']);
  });

  test('that Stripe switches off says so, and when it is back', async () => {
    const accountId = await connectSeller(billing);
    const seen = async () => (await billing.as('seller').sellerAccounts.getSellerAccount({})).sellerAccount;
    await simulate(billing, `/accounts/${accountId}`, { charges_enabled: false });
    await eventually(async () => (await seen())?.chargesEnabled === false);
    await simulate(billing, `/accounts/${accountId}`, { charges_enabled: true });
    await eventually(async () => (await seen())?.chargesEnabled === true);
    expect(await factsOf(billing, 'seller')).toEqual(['connected', 'enabled', 'disabled', 'enabled']);
  });

  test('is shown as last seen while Stripe is away', async () => {
    billing.sim.faults.add({ kind: 'api-outage' });
    const { sellerAccount } = await billing.as('seller').sellerAccounts.getSellerAccount({});
    expect(sellerAccount?.chargesEnabled).toBe(true);
    await expectError(connect('buyer'), Code.Unavailable, 'STRIPE_UNAVAILABLE');
    billing.sim.faults.clear();
  });

  test('made by a call whose answer was lost is found again', async () => {
    billing.sim.faults.add({ kind: 'api-answer-lost', method: 'POST', path: '/v1/accounts', times: 2 });
    await connect('buyer').catch(() => undefined);
    billing.sim.faults.clear();
    await connect('buyer');
    const { data } = await billing.stripe.accounts.list({ limit: 100 });
    const ours = data.filter(({ metadata }) => metadata?.['workspaceId'] === billing.buyerWorkspaceId);
    expect(ours).toHaveLength(1);
  });

  test('is for owners and admins', async () => {
    await expectError(connect('buyer-viewer'), Code.PermissionDenied, 'PERMISSION_DENIED');
  });

  test('cannot be disconnected while a product needs it; then it can, and comes back', async () => {
    const shop = await aShop(billing);
    const { accountId } = shop;
    const tell = (fact: 'published' | 'deleted', version: number) =>
      billing.publishAs('catalog', {
        service: 'catalog',
        resource: 'product',
        fact,
        version,
        id: shop.product.id,
        workspaceIds: [billing.sellerWorkspaceId],
        schema: ProductEventSchema,
        message: create(ProductEventSchema, {
          productId: shop.product.id,
          workspaceId: billing.sellerWorkspaceId,
          stripePriceIds: shop.stripePriceIds,
        }),
      });
    const disconnect = () => billing.as('seller').sellerAccounts.disconnectSellerAccount({});
    await tell('published', 1);
    await eventually(async () => {
      const rows = await billing.database.db.acrossWorkspaces((tx) =>
        tx.selectFrom('product').selectAll().execute(),
      );
      return rows.length === 1;
    });
    await expectError(disconnect(), Code.FailedPrecondition, 'SELLER_ACCOUNT_IN_USE');
    await tell('deleted', 2);
    await eventually(disconnect);
    await expectError(billing.as('seller').sellerAccounts.getSellerAccount({}), Code.NotFound);
    const { sellerAccount } = await connect();
    expect(sellerAccount).toMatchObject({ stripeAccountId: accountId, chargesEnabled: true });
  });
});
