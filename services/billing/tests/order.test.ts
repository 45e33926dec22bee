import { Code } from '@cnap/client';
import { create, fromBinary } from '@bufbuild/protobuf';
import { createClient, type Client } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { DescService } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { OrderEventSchema } from '@cnap/proto/cnap/billing/v1/order_event';
import { OrderFilter } from '@cnap/proto/cnap/billing/v1/order_service';
import { UsageService } from '@cnap/proto/cnap/billing/v1/usage_service';
import { ProductEventSchema } from '@cnap/proto/cnap/catalog/v1/product_event';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  aCheckout,
  aShop,
  factsOf,
  installBecomes,
  orderOf,
  pay,
  startTestBilling,
  untilState,
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

async function fulfilled() {
  const { order, checkoutUrl } = await aCheckout(billing, shop);
  await pay(checkoutUrl);
  await untilState(billing, order.id, OrderState.DEPLOYING);
  await installBecomes(billing, order.id, InstallState.RUNNING);
  return untilState(billing, order.id, OrderState.FULFILLED);
}

function internal<S extends DescService>(service: S, token: () => Promise<string>): Client<S> {
  return createClient(
    service,
    createConnectTransport({
      httpVersion: '1.1',
      baseUrl: billing.url,
      interceptors: [
        (next) => async (request) => {
          request.header.set('authorization', `Bearer ${await token()}`);
          return next(request);
        },
      ],
    }),
  );
}

describe('who sees what', () => {
  test('the buyer sees where to pay, the seller the ids at Stripe', async () => {
    const { order } = await aCheckout(billing, shop);
    const bought = await orderOf(billing, order.id, 'buyer');
    const sold = await orderOf(billing, order.id, 'seller');
    expect(bought).toMatchObject({ stripeAccountId: '', checkoutUrl: expect.stringContaining('http') });
    expect(sold).toMatchObject({ stripeAccountId: shop.accountId, checkoutUrl: '' });
    const done = await fulfilled();
    expect(done.stripePaymentIntentId).toBe('');
    expect((await orderOf(billing, done.id, 'seller')).stripePaymentIntentId).toMatch(/^pi_/);
  });

  test('to everybody else an order does not exist, through every RPC', async () => {
    const { order } = await aCheckout(billing, shop);
    const { orders } = billing.as('stranger');
    const { id } = order;
    const calls = [
      () => orders.getOrder({ id }),
      () => orders.cancelOrder({ id }),
      () => orders.refundOrder({ id }),
      () => orders.createPortalSession({ id, returnUrl: 'http://cnap.example' }),
      async () => {
        for await (const _ of orders.watchOrder({ id })) return;
      },
    ];
    for (const call of calls) await expectError(call(), Code.NotFound, 'ORDER_NOT_FOUND');
    for (const filter of [OrderFilter.UNSPECIFIED, OrderFilter.BOUGHT, OrderFilter.SOLD, OrderFilter.STUCK]) {
      expect((await orders.listOrders({ filter })).orders).toEqual([]);
    }
    expect((await orderOf(billing, id)).state).toBe(OrderState.OPEN);
  });

  test('each side decides what is its own: the buyer cancels, the seller refunds, viewers neither', async () => {
    const { id } = await fulfilled();
    await expectError(billing.as('seller').orders.cancelOrder({ id, atOnce: true }), Code.PermissionDenied);
    await expectError(billing.as('buyer').orders.refundOrder({ id }), Code.PermissionDenied);
    const portal = billing.as('seller').orders.createPortalSession({ id, returnUrl: 'http://cnap.example' });
    await expectError(portal, Code.PermissionDenied);
    const viewer = billing.as('buyer-viewer').orders;
    expect((await viewer.getOrder({ id })).order?.id).toBe(id);
    await expectError(viewer.cancelOrder({ id }), Code.PermissionDenied, 'PERMISSION_DENIED');
  });

  test('row-level security holds where a query names no workspace', async () => {
    const { db } = billing.database;
    await aCheckout(billing, shop);
    const tables = ['orders', 'order_step', 'customer', 'seller_account', 'price', 'stripe_event'] as const;
    for (const table of tables) {
      const all = await db.acrossWorkspaces((tx) => tx.selectFrom(table).selectAll().execute());
      expect({ table, isEmpty: all.length === 0 }).toEqual({ table, isEmpty: false });
      const strangers = await db.inWorkspace(billing.keys.strangerWorkspaceId, (tx) =>
        tx.selectFrom(table).selectAll().execute(),
      );
      expect({ table, strangers }).toEqual({ table, strangers: [] });
      const nobodys = await db.kysely.selectFrom(table).selectAll().execute();
      expect({ table, nobodys }).toEqual({ table, nobodys: [] });
    }
  });

  test('answers are sealed in the database', async () => {
    const { order } = await aCheckout(billing, shop);
    const row = await billing.database.db.acrossWorkspaces((tx) =>
      tx.selectFrom('orders').selectAll().where('id', '=', order.id).executeTakeFirstOrThrow(),
    );
    expect(row.inputs.toString('latin1')).not.toContain('Mine');
    expect(JSON.stringify({ ...row, inputs: null })).not.toContain('Mine');
  });
});

describe('lists and streams', () => {
  test('orders are listed newest first, page by page, from each side', async () => {
    const made = [];
    for (let count = 0; count < 3; count += 1) made.push((await aCheckout(billing, shop)).order.id);
    const list = async (person: 'buyer' | 'seller', filter: OrderFilter) => {
      const found: string[] = [];
      let pageToken = '';
      do {
        const page = await billing.as(person).orders.listOrders({ filter, pageSize: 2, pageToken });
        expect(page.orders.length).toBeLessThanOrEqual(2);
        found.push(...page.orders.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== '');
      return found;
    };
    expect((await list('buyer', OrderFilter.BOUGHT)).slice(0, 3)).toEqual(made.toReversed());
    expect(await list('seller', OrderFilter.SOLD)).toEqual(await list('buyer', OrderFilter.UNSPECIFIED));
    expect(await list('buyer', OrderFilter.SOLD)).toEqual([]);
    const bad = billing.as('buyer').orders.listOrders({ pageToken: 'x' });
    await expectError(bad, Code.InvalidArgument, 'PAGE_TOKEN_INVALID');
  });

  test('what takes long, or fails, is stuck', async () => {
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    await pay(checkoutUrl);
    await untilState(billing, order.id, OrderState.DEPLOYING);
    const stuck = async () => {
      const { orders } = await billing.as('seller').orders.listOrders({ filter: OrderFilter.STUCK });
      return orders.map(({ id }) => id);
    };
    expect(await stuck()).not.toContain(order.id);
    await billing.database.db.acrossWorkspaces((tx) =>
      tx
        .updateTable('orders')
        .set({ state_time: new Date(Date.now() - 31 * 60_000) })
        .where('id', '=', order.id)
        .execute(),
    );
    expect(await stuck()).toContain(order.id);
  });

  test('a stream tells every state until it is cut', async () => {
    const { order, checkoutUrl } = await aCheckout(billing, shop);
    const seen: OrderState[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { order: now } of billing
        .as('buyer')
        .orders.watchOrder({ id: order.id }, { signal: stop.signal })) {
        if (now && seen.at(-1) !== now.state) seen.push(now.state);
        if (now?.state === OrderState.FULFILLED) return;
      }
    })();
    await eventually(() => seen.length > 0);
    await pay(checkoutUrl);
    await untilState(billing, order.id, OrderState.DEPLOYING);
    await installBecomes(billing, order.id, InstallState.RUNNING);
    await watching;
    stop.abort();
    expect(seen.at(0)).toBe(OrderState.OPEN);
    expect(seen.at(-1)).toBe(OrderState.FULFILLED);
  });
});

describe('facts', () => {
  test('one per state entered, in order, in one trace with the checkout, by the service', async () => {
    const order = await fulfilled();
    expect(await factsOf(billing, 'order', order.id)).toEqual([
      'open',
      'authorized',
      'deploying',
      'fulfilled',
    ]);
    const { rows } = await billing.database.db.pool.query<{
      headers: Record<string, string>;
      payload: Buffer;
    }>(`select headers, payload from outbox where resource_id = $1 order by version`, [order.id]);
    const traces = rows.map(({ headers }) => /00-([0-9a-f]{32})-/.exec(JSON.stringify(headers))?.[1]);
    expect(new Set(traces)).toEqual(new Set([order.traceId]));
    expect(billing.installer.traces.get(order.id)).toBe(order.traceId);
    const last = rows.at(-1);
    expect(fromBinary(OrderEventSchema, last?.payload ?? Buffer.alloc(0))).toMatchObject({
      orderId: order.id,
      workspaceId: billing.buyerWorkspaceId,
      sellerWorkspaceId: billing.sellerWorkspaceId,
      state: OrderState.FULFILLED,
      installId: order.installId,
      amountTotal: 2_000n,
      currency: 'eur',
    });
  });
});

describe('for other services', () => {
  test('usage counts live orders by workspace, template and product', async () => {
    const fresh = await aShop(billing, [{}]);
    const { order } = await aCheckout(billing, fresh);
    const usage = internal(UsageService, () => billing.keys.identityOf('catalog').token('billing'));
    const byProduct = await usage.getUsage({ subject: { case: 'productId', value: fresh.product.id } });
    expect(byProduct).toMatchObject({ count: 1, exampleIds: [order.id] });
    const byTemplate = await usage.getUsage({
      subject: { case: 'templateId', value: fresh.product.templateId },
    });
    expect(byTemplate.count).toBe(1);
    const byWorkspace = await usage.getUsage({
      subject: { case: 'workspaceId', value: billing.sellerWorkspaceId },
    });
    expect(byWorkspace.count).toBeGreaterThan(1);
    expect((await usage.getUsage({ subject: { case: 'productId', value: newId('prd') } })).count).toBe(0);

    const clusterId = newId('clu');
    const product = {
      productId: fresh.product.id,
      clusterIds: [clusterId],
      workspaceId: billing.sellerWorkspaceId,
    };
    await billing.publishAs('catalog', {
      service: 'catalog',
      resource: 'product',
      fact: 'published',
      version: 1,
      id: fresh.product.id,
      workspaceIds: [billing.sellerWorkspaceId],
      schema: ProductEventSchema,
      message: create(ProductEventSchema, product),
    });
    const byCluster = () => usage.getUsage({ subject: { case: 'clusterId', value: clusterId } });
    await eventually(async () => (await byCluster()).count === 1);
  });

  test('dead letters are for operators', async () => {
    const operator = internal(DeadLetterService, () => billing.keys.tokenOf('owner', { operator: true }));
    expect((await operator.listDeadLetters({})).deadLetters).toEqual([]);
    await expectError(
      operator.replayDeadLetter({ eventId: 'evt_x' }),
      Code.NotFound,
      'DEAD_LETTER_NOT_FOUND',
    );
    const owner = internal(DeadLetterService, () => billing.keys.tokenOf('owner'));
    await expectError(owner.listDeadLetters({}), Code.PermissionDenied);
  });
});
