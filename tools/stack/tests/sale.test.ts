// The whole sale: one-time and by the month, over every protocol, in one trace.
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { OrderEventSchema } from '@cnap/proto/cnap/billing/v1/order_event';
import { InstallEventSchema } from '@cnap/proto/cnap/installer/v1/install_event';
import { Code } from '@cnap/client';
import { http2Transport } from '@cnap/client/node';
import { eventually, expectError } from '@cnap/testing';
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buy } from '../src/sale/buy.ts';
import { factsOf, traceIdOf, type PublishedFact } from './facts.ts';
import { startPlatform, type Platform } from './platform.ts';
import { buyOnce, chargesOf, orderOf, statesOf } from './sales.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());

const factNames = (facts: PublishedFact[]) => facts.map(({ subject }) => subject.split('.').at(-1));

describe.each(['one_time', 'monthly'] as const)('a sale, %s', (kind) => {
  test('its facts are CloudEvents in JetStream, in order, of one trace from checkout to capture', async () => {
    const { orderId, installId } = await buyOnce(platform, platform.sample.products[kind]);
    const order = await orderOf(platform, orderId, 'seller');
    expect(statesOf(order)).toEqual(['OPEN', 'AUTHORIZED', 'DEPLOYING', 'FULFILLED']);
    expect(order.traceId).toMatch(/^[0-9a-f]{32}$/);

    const about = (id: string) => (fact: PublishedFact) => fact.headers['ce-subject'] === id;
    const orderFacts = await eventually(async () => {
      const found = (await factsOf(platform, 'billing')).filter(about(orderId));
      expect(factNames(found)).toEqual(['open', 'authorized', 'deploying', 'fulfilled']);
      return found;
    });
    const installFacts = await eventually(async () => {
      const found = (await factsOf(platform, 'installer')).filter(about(installId));
      expect(factNames(found)).toEqual(['created', 'deploying', 'ready']);
      return found;
    });
    const ids = new Set<string>();
    for (const [service, resource, facts] of [
      ['billing', 'order', orderFacts],
      ['installer', 'install', installFacts],
    ] as const) {
      let last = 0;
      for (const fact of facts) {
        expect(fact.subject).toMatch(new RegExp(`^${service}\\.v1\\.${resource}\\.[a-z]+$`));
        expect(fact.headers).toMatchObject({
          'ce-specversion': '1.0',
          'ce-id': expect.stringMatching(/^evt_[0-9a-z]{26}$/),
          'ce-type': expect.stringContaining(`${service}.v1.${resource}.`),
          'ce-source': expect.stringContaining(service),
          'ce-time': expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/),
          'content-type': 'application/protobuf',
          traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
        });
        expect(traceIdOf(fact), `${fact.subject} is of the order's trace`).toBe(order.traceId);
        const version = Number(fact.headers['ce-resourceversion']);
        expect(version, `${fact.subject} comes after the facts before it`).toBeGreaterThan(last);
        last = version;
        ids.add(fact.headers['ce-id'] ?? '');
      }
    }
    expect(ids.size).toBe(orderFacts.length + installFacts.length);
    const [delivered] = orderFacts.slice(-1);
    const [ready] = installFacts.slice(-1);
    if (!delivered || !ready) throw new Error('no facts');
    expect(fromBinary(OrderEventSchema, delivered.data)).toMatchObject({
      orderId,
      installId,
      state: OrderState.FULFILLED,
      currency: 'eur',
    });
    expect(fromBinary(InstallEventSchema, ready.data)).toMatchObject({ installId, orderId });
  });
});

test('both sides get a mail when it is paid, and one when it is ready', async () => {
  const { orderId } = await buyOnce(platform, platform.sample.products.one_time);
  const { buyer, seller } = platform.sample;
  const link = `${platform.url}/orders/${orderId}`;
  const mails = await eventually(async () => {
    const answer = await fetch(`${platform.mails.url}/mails.json`);
    const all = (await answer.json()) as { to: string[]; subject: string; text: string }[];
    const found = all.filter(({ text }) => text.includes(link));
    expect(found.map(({ to, subject }) => `${to.join()} ${subject.split(':')[0]}`).toSorted()).toEqual(
      [buyer, seller].flatMap(({ email }) => [`${email} Paid`, `${email} Ready`]).toSorted(),
    );
    return found;
  });
  const of = (email: string, word: string) =>
    mails.find(({ to, subject }) => to.includes(email) && subject.startsWith(word))?.text;
  expect(of(buyer.email, 'Paid')).toContain('€49.00 is held');
  expect(of(buyer.email, 'Ready')).toContain('€49.00 was collected');
  expect(of(seller.email, 'Ready')).toContain('was ordered is running');
});

test('a workspace that sells is not deleted, and goes on selling; an empty one is', async () => {
  const { workspaces } = platform.as('seller');
  const error = await expectError(
    workspaces.deleteWorkspace({ id: platform.sample.seller.workspace_id }),
    Code.FailedPrecondition,
    'WORKSPACE_IN_USE',
  );
  expect(error.message).toMatch(/still has 1 cluster and \d+ installs?\./);
  await buyOnce(platform, platform.sample.products.one_time);

  const { workspace } = await workspaces.createWorkspace({ name: 'Empty' });
  const empty = platform.as('seller', { workspaceId: workspace?.id ?? '' });
  await empty.workspaces.deleteWorkspace({ id: workspace?.id ?? '' });
  // Whoever still has a token for it (a minute at most) makes no cluster in it.
  await eventually(async () => {
    const { rows } = await platform.database.query<{ state: string }>(
      `select state from clusters.workspace_closing where workspace_id = $1
       union all select state from installer.workspace_closing where workspace_id = $1`,
      [workspace?.id],
    );
    expect(rows.map(({ state }) => state)).toEqual(['closed', 'deleted']);
  });
  await expectError(
    empty.workspaces.getWorkspace({ id: workspace?.id ?? '' }),
    Code.NotFound,
    'WORKSPACE_NOT_FOUND',
  );
});

test('the platform takes its share of what the seller earns', async () => {
  const { orderId } = await buyOnce(platform, platform.sample.products.one_time);
  expect(await chargesOf(platform, orderId)).toMatchObject([
    { amount: 4_900, amount_captured: 4_900, amount_refunded: 0, application_fee_amount: 245 },
  ]);
});

test.each([
  ['Connect over HTTP/2', http2Transport('connect')],
  ['gRPC', http2Transport('grpc')],
  ['gRPC-Web', 'grpc-web'],
] as const)('a sale over %s', async (_, transport) => {
  const purchase = await buy(
    {
      client: platform.as('buyer', { transport }),
      witnesses: platform.witnesses,
      productId: platform.sample.products.one_time,
      regionId: undefined,
      decline: false,
      onStep: () => undefined,
    },
    AbortSignal.timeout(200_000),
  );
  expect(purchase.error).toBeUndefined();
  expect(purchase.orderId).toMatch(/^ord_/);
});
