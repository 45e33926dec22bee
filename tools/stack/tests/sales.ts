// What the tests of sales do and look at.
import type { DescEnum, JsonObject } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import { OrderStateSchema, type Order, type OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { InstallStateSchema, type Install } from '@cnap/proto/cnap/installer/v1/install';
import { PackageState, PackageStateSchema } from '@cnap/proto/cnap/catalog/v1/package';
import { eventually } from '@cnap/testing';
import type Stripe from 'stripe';
import { expect } from 'vitest';
import { buy, type Purchase } from '../src/sale/buy.ts';
import { payOnPage } from '../src/sale/pay.ts';
import type { Platform } from './platform.ts';

/** Buys as `npm run sale` does, to the end. */
export async function buyOnce(platform: Platform, productId: string): Promise<Purchase> {
  const purchase = await buy(
    {
      client: platform.as('buyer'),
      witnesses: platform.witnesses,
      productId,
      regionId: undefined,
      decline: false,
      onStep: () => undefined,
    },
    AbortSignal.timeout(200_000),
  );
  expect(purchase.error).toBeUndefined();
  return purchase;
}

/** A checkout that the buyer has begun; insists like a person whose browser says that something went wrong. */
export async function aCheckout(
  platform: Platform,
  productId: string,
  inputs: JsonObject = { title: 'A sale' },
): Promise<{ order: Order; checkoutUrl: string }> {
  const request = { productId, regionId: platform.sample.region_id, inputs, requestId: newId('req') };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { order, checkoutUrl } = await platform.as('buyer').checkouts.createCheckout(request);
      if (!order) throw new Error('no order');
      return { order, checkoutUrl };
    } catch (error) {
      if (attempt > 30) throw error;
    }
  }
}

export const pay = (checkoutUrl: string, card: 'good' | 'declined' = 'good') =>
  payOnPage(checkoutUrl, card, AbortSignal.timeout(60_000));

export async function orderOf(platform: Platform, id: string, person: 'buyer' | 'seller' = 'buyer') {
  const { order } = await platform.as(person).orders.getOrder({ id });
  if (!order) throw new Error('no order');
  return order;
}

/** Waits until the order is in a state. */
export const untilOrder = (platform: Platform, id: string, state: OrderState): Promise<Order> =>
  eventually(
    async () => {
      const order = await orderOf(platform, id);
      if (order.state === state) return order;
      const names = [order.state, state].map((each) => nameOf(OrderStateSchema, each));
      throw new Error(`${id} is ${names[0]} (${order.reason} ${order.message}), not ${names[1]}`);
    },
    { timeoutMs: 200_000, everyMs: 50 },
  );

/** Waits until the install is as wanted. */
export const untilInstall = (
  platform: Platform,
  id: string,
  wanted: (install: Install) => boolean,
): Promise<Install> =>
  eventually(
    async () => {
      const { install } = await platform.as('buyer').installs.getInstall({ id });
      if (install && wanted(install)) return install;
      throw new Error(`${id} is ${nameOf(InstallStateSchema, install?.state ?? 0)}: ${install?.message}`);
    },
    { timeoutMs: 200_000, everyMs: 50 },
  );

/** The states an order has gone through. */
export const statesOf = (order: Order): string[] =>
  order.steps.map(({ state }) => nameOf(OrderStateSchema, state));

const nameOf = (schema: DescEnum, value: number): string => schema.value[value]?.localName ?? String(value);

/** The namespaces of installs on the cluster. */
export async function namespacesOf(platform: Platform): Promise<string[]> {
  const all = await platform.witnesses.cluster.list({ apiVersion: 'v1', kind: 'Namespace' });
  return all.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('cnap-'));
}

/** The installs there ever were of an order. */
export async function installsOf(platform: Platform, orderId: string): Promise<Install[]> {
  const { installs } = await platform
    .as('seller')
    .installs.listInstalls({ showDeleted: true, pageSize: 100 });
  return installs.filter((install) => install.orderId === orderId);
}

const onAccount = ({ witnesses }: Platform) => ({ stripeAccount: witnesses.stripeAccountId });

/** The Checkout Sessions that were made for an order. */
export async function sessionsOf(platform: Platform, orderId: string): Promise<Stripe.Checkout.Session[]> {
  const { checkout } = platform.witnesses.stripe;
  const { data } = await checkout.sessions.list({ limit: 100 }, onAccount(platform));
  return data.filter((session) => session.metadata?.['orderId'] === orderId);
}

/** The charges of an order at Stripe. */
export async function chargesOf(platform: Platform, orderId: string): Promise<Stripe.Charge[]> {
  const { stripe } = platform.witnesses;
  const order = await orderOf(platform, orderId, 'seller');
  const account = onAccount(platform);
  if (order.stripePaymentIntentId !== '') {
    const by = { payment_intent: order.stripePaymentIntentId };
    return (await stripe.charges.list(by, account)).data;
  }
  const { data: invoices } = await stripe.invoices.list(
    { subscription: order.stripeSubscriptionId, expand: ['data.payments'] },
    account,
  );
  const intents = invoices.flatMap(({ payments }) =>
    (payments?.data ?? []).map(({ payment }) => String(payment.payment_intent)),
  );
  const charges = await Promise.all(
    intents.map((intent) => stripe.charges.list({ payment_intent: intent }, account)),
  );
  return charges.flatMap(({ data }) => data);
}

export type Offer = {
  chart: { repoUrl: string; chart: string };
  /** The template's values of the chart. */
  values?: JsonObject;
  inputs?: { name: string; path: string; schema: JsonObject }[];
  price: 'one-time' | 'monthly';
  /** The sample's unless told. */
  clusterId?: string;
};

/** A product of a chart, packaged and priced. */
export async function aProduct(platform: Platform, offer: Offer): Promise<string> {
  const seller = platform.as('seller');
  const name = `Made ${newId('req').slice(-8)}`;
  const { template, packageId } = await seller.templates.createTemplate({
    name,
    sources: [
      {
        kind: { case: 'helmChart', value: { ...offer.chart, version: '' } },
        ...(offer.values ? { values: offer.values } : {}),
      },
    ],
  });
  await eventually(async () => {
    const { package: built } = await seller.packages.getPackage({ id: packageId });
    if (built?.state === PackageState.READY) return true;
    throw new Error(
      `the package is ${nameOf(PackageStateSchema, built?.state ?? 0)}: ${built?.stateMessage}`,
    );
  });
  const { prices } = platform.witnesses.stripe;
  const price = await prices.create(
    {
      currency: 'eur',
      unit_amount: 2_500,
      product_data: { name },
      ...(offer.price === 'monthly' ? { recurring: { interval: 'month' } } : {}),
    },
    onAccount(platform),
  );
  const { product } = await seller.products.createProduct({
    name,
    templateId: template?.id ?? '',
    clusterIds: [offer.clusterId ?? platform.sample.cluster_id],
    stripePriceIds: [price.id],
    inputs: (offer.inputs ?? []).map((input) => ({ ...input, required: true })),
  });
  return product?.id ?? '';
}
