import { create } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import { OwnershipEventSchema } from '@cnap/proto/cnap/identity/v1/workspace_event';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aCheckout, aShop, startTestBilling, wishFor, type Shop, type TestBilling } from './harness.ts';

let billing: TestBilling;
let shop: Shop;

beforeAll(async () => {
  billing = await startTestBilling();
  shop = await aShop(billing);
});
afterAll(() => billing[Symbol.asyncDispose]());

const customers = async () => (await billing.stripe.customers.list({ limit: 100 }, shop.on)).data;

test('many first checkouts at once make one customer', async () => {
  // Stripe's search does not see it yet: only the key and our own table keep it one.
  billing.sim.settings.searchLagSeconds = 60;
  const buy = () => billing.as('buyer').checkouts.createCheckout(wishFor(shop));
  await Promise.all(Array.from({ length: 8 }, buy));
  const found = await customers();
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    email: 'bo.buyer@example.test',
    name: 'bo.buyer',
    metadata: {
      workspaceId: billing.buyerWorkspaceId,
      userId: billing.identity.owners.get(billing.buyerWorkspaceId)?.id,
    },
  });
  billing.sim.settings.searchLagSeconds = 0;
});

test('it is used again', async () => {
  await aCheckout(billing, shop);
  expect(await customers()).toHaveLength(1);
});

test('where our own table is empty, Stripe is searched', async () => {
  await billing.database.db.acrossWorkspaces((tx) => tx.deleteFrom('customer').execute());
  billing.sim.advance(25 * 3_600); // Stripe has forgotten the key
  await aCheckout(billing, shop);
  expect(await customers()).toHaveLength(1);
});

test('it follows the workspace to its new owner', async () => {
  const owner = { id: newId('usr'), email: 'nora@example.test', name: 'Nora New' };
  billing.identity.owners.set(billing.buyerWorkspaceId, owner);
  await billing.publishAs('identity', {
    service: 'identity',
    resource: 'ownership',
    fact: 'transferred',
    id: billing.buyerWorkspaceId,
    version: 1,
    workspaceIds: [billing.buyerWorkspaceId],
    schema: OwnershipEventSchema,
    message: create(OwnershipEventSchema, { workspaceId: billing.buyerWorkspaceId, userId: owner.id }),
  });
  const updated = await eventually(async () => {
    const [customer] = await customers();
    return customer?.email === owner.email ? customer : false;
  });
  expect(updated).toMatchObject({ name: 'Nora New', metadata: { userId: owner.id } });
  expect(await customers()).toHaveLength(1);
});
