// The real service on a real Postgres and NATS, with stripesim and fakes of the services it calls.
import { create } from '@bufbuild/protobuf';
import { createCnapClient, type CnapClient } from '@cnap/client';
import { loadConfig } from '@cnap/config';
import { eventsMigrations, publish, startEvents, type Fact } from '@cnap/events';
import { newId } from '@cnap/ids';
import { type Order, OrderState } from '@cnap/proto/cnap/billing/v1/order';
import type { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { InstallEventSchema } from '@cnap/proto/cnap/installer/v1/install_event';
import { startStripesim, type Stripesim } from '@cnap/stripesim';
import {
  eventually,
  testDatabase,
  testKeys,
  testNats,
  type TestDatabase,
  type TestKeys,
} from '@cnap/testing';
import { Stripe } from 'stripe';
import { migrations } from '../migrations/index.ts';
import { settings } from '../src/config.ts';
import type { BillingTables } from '../src/database.ts';
import { startBilling, type Overrides } from '../src/service.ts';
import {
  startFakeCatalog,
  startFakeIdentity,
  startFakeInstaller,
  type FakeCatalog,
  type FakeIdentity,
  type FakeInstaller,
  type NewProduct,
} from './fakes.ts';

export const webhookSecret = 'whsec_test';

export type Person = 'buyer' | 'buyer-viewer' | 'seller' | 'stranger';

export interface TestBilling extends AsyncDisposable {
  readonly url: string;
  readonly keys: TestKeys;
  readonly buyerWorkspaceId: string;
  readonly sellerWorkspaceId: string;
  readonly sim: Stripesim;
  /** The platform's own view of Stripe. */
  readonly stripe: Stripe;
  readonly catalog: FakeCatalog;
  readonly identity: FakeIdentity;
  readonly installer: FakeInstaller;
  readonly database: TestDatabase<BillingTables>;
  /** Added to the clock of deadlines. */
  clock: { aheadMs: number };
  as(person: Person): CnapClient;
  /** Publishes a fact as another service. */
  publishAs(service: 'installer' | 'catalog' | 'identity', fact: Fact): Promise<void>;
  /** Ends the service and starts it again. */
  restart(overrides?: Overrides): Promise<void>;
}

export async function startTestBilling(
  options: { overrides?: Overrides; environment?: Record<string, string> } = {},
): Promise<TestBilling> {
  await using parts = new AsyncDisposableStack();
  const keys = testKeys();
  const nats = testNats();
  const database = parts.use(await testDatabase<BillingTables>('billing', migrations));
  const sim = parts.use(await startStripesim({ settings: { webhookRetryMs: 20 } }));
  const catalog = parts.use(await startFakeCatalog(keys));
  const identity = parts.use(await startFakeIdentity(keys));
  const installer = parts.use(await startFakeInstaller(keys));
  const config = loadConfig(settings, {
    ...keys.environmentOf('billing'),
    PORT: '0',
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    CNAP_NATS_PREFIX: nats.subjectPrefix,
    CNAP_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    CNAP_IDENTITY_URL: identity.url,
    CNAP_CATALOG_URL: catalog.url,
    CNAP_INSTALLER_URL: installer.url,
    CNAP_PUBLIC_URL: 'http://cnap.example',
    CNAP_LEASE: '1s',
    STRIPE_SECRET_KEY: 'sk_test_platform',
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    STRIPE_API_URL: sim.url,
    ...options.environment,
  });
  const sellerWorkspaceId = newId('ws');
  const seller = { workspaceId: sellerWorkspaceId, userId: newId('usr') };
  for (const [workspaceId, email] of [
    [keys.workspaceId, 'bo.buyer@example.test'],
    [keys.strangerWorkspaceId, 'stranger@example.test'],
  ] as const) {
    identity.owners.set(workspaceId, { id: newId('usr'), email, name: '' });
  }
  const clock = { aheadMs: 0 };
  const start = (overrides: Overrides = {}) =>
    startBilling(config, {
      now: () => new Date(Date.now() + clock.aheadMs),
      firstPauseMs: 20,
      ...overrides,
    });
  let service = await start(options.overrides);
  parts.defer(() => service[Symbol.asyncDispose]());
  const hear = () => {
    sim.settings.webhooks = [{ url: `${service.url}/webhooks/stripe`, secret: webhookSecret }];
  };
  hear();
  const publishers = new Map<string, ReturnType<typeof publisherOf>>();
  parts.defer(async () => {
    for (const publisher of publishers.values()) await (await publisher)[Symbol.asyncDispose]();
  });

  const tokenOf = (person: Person): Promise<string> => {
    if (person === 'seller') return keys.tokenOf('owner', seller);
    if (person === 'buyer') return keys.tokenOf('owner');
    return keys.tokenOf(person === 'stranger' ? 'stranger' : 'viewer');
  };
  const running = parts.move();
  return {
    get url() {
      return service.url;
    },
    keys,
    buyerWorkspaceId: keys.workspaceId,
    sellerWorkspaceId,
    sim,
    stripe: new Stripe('sk_test_platform', {
      host: sim.host,
      port: sim.port,
      protocol: 'http',
      telemetry: false,
    }),
    catalog,
    identity,
    installer,
    database,
    clock,
    as: (person) => createCnapClient({ baseUrl: service.url, token: () => tokenOf(person), retries: 0 }),
    async publishAs(name, fact) {
      const publisher = publishers.get(name) ?? publisherOf(name, nats);
      publishers.set(name, publisher);
      await (await publisher).publish(fact);
    },
    async restart(overrides) {
      await service[Symbol.asyncDispose]();
      service = await start(overrides);
      hear();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Another service's outbox, to publish its facts from. */
async function publisherOf(service: string, nats: { url: string; subjectPrefix: string }) {
  await using parts = new AsyncDisposableStack();
  const { db } = parts.use(await testDatabase(service, eventsMigrations));
  parts.use(
    await startEvents({
      db,
      service,
      natsUrl: nats.url,
      subjectPrefix: nats.subjectPrefix,
      subscriptions: [],
    }),
  );
  const running = parts.move();
  return {
    publish: (fact: Fact) => db.acrossWorkspaces((tx) => publish(tx, fact)),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Connects the seller's account and fills in what Stripe asks for; returns the account's id. */
export async function connectSeller(billing: TestBilling): Promise<string> {
  const seller = billing.as('seller');
  const { sellerAccount, onboardingUrl } = await seller.sellerAccounts.connectSellerAccount({
    returnUrl: 'http://cnap.example/back',
  });
  await submit(onboardingUrl, { action: 'complete', business_name: 'Acme' });
  await eventually(
    async () => (await seller.sellerAccounts.getSellerAccount({})).sellerAccount?.chargesEnabled ?? false,
  );
  return sellerAccount?.stripeAccountId ?? '';
}

export const submit = (url: string, form: Record<string, string>): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });

/** Pays on Stripe's page; the answer redirects to the success page when the card was taken. */
export const pay = (checkoutUrl: string, card = '4242424242424242'): Promise<Response> =>
  submit(checkoutUrl, {
    action: 'pay',
    email: 'bo.buyer@example.test',
    name: 'Bo Buyer',
    card_number: card,
    card_expiry: '12/34',
    card_cvc: '123',
  });

/** A price on the seller's account: €20.00 once, unless told. */
export async function aPrice(
  billing: TestBilling,
  accountId: string,
  price: Partial<Stripe.PriceCreateParams> = {},
): Promise<string> {
  const made = await billing.stripe.prices.create(
    { currency: 'eur', unit_amount: 2_000, product_data: { name: 'Podinfo' }, ...price },
    { stripeAccount: accountId },
  );
  return made.id;
}

export const monthly = { recurring: { interval: 'month' } } as const;

/** A seller who is ready, with a product of these prices. */
export async function aShop(
  billing: TestBilling,
  prices: Partial<Stripe.PriceCreateParams>[] = [{}],
  product: NewProduct = {},
) {
  const accountId = await connectSeller(billing);
  const stripePriceIds = [];
  for (const price of prices) stripePriceIds.push(await aPrice(billing, accountId, price));
  const offered = billing.catalog.aProduct({
    workspaceId: billing.sellerWorkspaceId,
    stripePriceIds,
    ...product,
  });
  return {
    accountId,
    on: { stripeAccount: accountId },
    product: offered,
    regionId: newId('reg'),
    stripePriceIds,
  };
}

export type Shop = Awaited<ReturnType<typeof aShop>>;

/** What the buyer asks for. */
export const wishFor = (shop: Pick<Shop, 'product' | 'regionId'>) => ({
  productId: shop.product.id,
  regionId: shop.regionId,
  inputs: { title: 'Mine' },
});

/** A checkout that the buyer has begun. */
export async function aCheckout(
  billing: TestBilling,
  shop: Shop,
): Promise<{ order: Order; checkoutUrl: string }> {
  const { order, checkoutUrl } = await billing.as('buyer').checkouts.createCheckout(wishFor(shop));
  if (!order) throw new Error('no order');
  return { order, checkoutUrl };
}

/** The order as somebody sees it now. */
export async function orderOf(billing: TestBilling, id: string, person: Person = 'buyer'): Promise<Order> {
  const { order } = await billing.as(person).orders.getOrder({ id });
  if (!order) throw new Error('no order');
  return order;
}

/** Waits until the order is in a state. */
export const untilState = (billing: TestBilling, id: string, state: OrderState): Promise<Order> =>
  eventually(async () => {
    const order = await orderOf(billing, id);
    if (order.state !== state) {
      throw new Error(
        `${id} is ${nameOf(order.state)} (${order.reason} ${order.message}), not ${nameOf(state)}`,
      );
    }
    return order;
  });

/** Does something at Stripe that only stripesim offers. */
export async function simulate(billing: TestBilling, path: string, body: object): Promise<{ id: string }> {
  const response = await fetch(`${billing.sim.url}/_sim${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as { id: string };
}

/** The facts of a resource that were published, oldest first. */
export async function factsOf(billing: TestBilling, resource: string, id?: string): Promise<string[]> {
  const { rows } = await billing.database.db.pool.query<{ subject: string }>(
    `select subject from outbox where subject like $1 and ($2::text is null or resource_id = $2)
     order by resource_id, version`,
    [`billing.v1.${resource}.%`, id ?? null],
  );
  return rows.map(({ subject }) => subject.split('.').at(-1) ?? '');
}

let version = 1;

/** The installer says what became of the install of an order, and publishes it. */
export async function installBecomes(
  billing: TestBilling,
  orderId: string,
  state: InstallState,
  message = '',
): Promise<void> {
  const install = billing.installer.installs.get(orderId);
  if (!install) throw new Error(`${orderId} has no install`);
  Object.assign(install, { state, message });
  await wakeByInstall(billing, orderId, install.id);
}

/** The installer publishes a fact about an install; what it says does not matter, as billing looks itself. */
export const wakeByInstall = (billing: TestBilling, orderId: string, installId: string): Promise<void> =>
  billing.publishAs('installer', {
    service: 'installer',
    resource: 'install',
    fact: 'updated',
    id: installId,
    version: version++,
    workspaceIds: [billing.buyerWorkspaceId, billing.sellerWorkspaceId],
    schema: InstallEventSchema,
    message: create(InstallEventSchema, { orderId, installId }),
  });

/** The states an order has gone through. */
export const statesOf = (order: Order): string[] => order.steps.map(({ state }) => nameOf(state));

const stateNames = new Map<number, string>(Object.entries(OrderState).map(([name, state]) => [state, name]));
const nameOf = (state: OrderState): string => stateNames.get(state) ?? String(state);
