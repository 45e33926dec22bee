import type { CnapClient } from '@cnap/client';
import type { DescEnum, JsonObject } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import { OrderState, OrderStateSchema, type Order } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState, InstallStateSchema, type Install } from '@cnap/proto/cnap/installer/v1/install';
import { payOnPage } from './pay.ts';
import { watching } from './watching.ts';
import { verifyMoney, verifyWorkloads, type Witnesses } from './verify.ts';

export const steps = ['listing', 'preview', 'checkout', 'pay', 'deliver', 'running', 'verify'] as const;
export type Step = (typeof steps)[number];

/** One purchase: how long each step took, and what came of it. */
export type Purchase = {
  orderId: string;
  installId: string;
  ms: Partial<Record<Step, number>>;
  error?: string;
};

export type Buying = {
  client: CnapClient;
  witnesses: Witnesses;
  productId: string;
  regionId: string | undefined;
  decline: boolean;
  /** Told of every step that was done. */
  onStep: (step: Step, detail: string, ms: number) => void;
};

const over: ReadonlySet<number> = new Set([OrderState.EXPIRED, OrderState.REFUNDED, OrderState.ENDED]);

/** Buys once, like a buyer; whatever goes wrong is in the answer. */
export async function buy(buying: Buying, signal: AbortSignal): Promise<Purchase> {
  const purchase: Purchase = { orderId: '', installId: '', ms: {} };
  const timed = async <T>(name: Step, work: () => Promise<T>, detail: (result: T) => string): Promise<T> => {
    const begun = performance.now();
    const result = await work();
    const ms = performance.now() - begun;
    purchase.ms[name] = ms;
    buying.onStep(name, detail(result), ms);
    return result;
  };
  try {
    await buyStep(buying, purchase, timed, signal);
  } catch (error) {
    purchase.error = error instanceof Error ? error.message : String(error);
  }
  return purchase;
}

type Timed = <T>(name: Step, work: () => Promise<T>, detail: (result: T) => string) => Promise<T>;

async function buyStep(buying: Buying, purchase: Purchase, timed: Timed, signal: AbortSignal): Promise<void> {
  const { client, witnesses, productId } = buying;
  const call = { signal };
  const { listing } = await timed(
    'listing',
    () => client.listings.getListing({ id: productId }, call),
    (answer) => `${answer.listing?.name ?? ''}, ${answer.listing?.regions.length ?? 0} region(s)`,
  );
  const regionId = buying.regionId ?? listing?.regions[0]?.id ?? '';
  const request = { productId, regionId, inputs: answersFor(listing?.inputSchema) };
  await timed(
    'preview',
    async () => {
      const preview = await client.checkouts.previewCheckout(request, call);
      const failed = preview.checks.find((check) => !check.passed);
      if (failed) throw new Error(`the checkout is refused: ${failed.reason}: ${failed.message}`);
      return preview;
    },
    (preview) => `${preview.checks.length} checks passed, ${preview.amountDue} ${preview.currency} due`,
  );
  const created = await timed(
    'checkout',
    () => client.checkouts.createCheckout({ ...request, requestId: newId('req') }, call),
    ({ order }) => order?.id ?? '',
  );
  purchase.orderId = created.order?.id ?? '';
  if (created.checkoutUrl !== '') {
    const card = buying.decline ? 'declined' : 'good';
    const outcome = await timed(
      'pay',
      () => payOnPage(created.checkoutUrl, card, signal),
      (paid) => paid,
    );
    if (buying.decline) return nothingSold(client, purchase.orderId, outcome, call);
    if (outcome !== 'paid') throw new Error('the card was declined');
  }
  const order = await timed(
    'deliver',
    () => followOrder(client, purchase, signal),
    (done) => nameOf(OrderStateSchema, done.state),
  );
  const install = await timed(
    'running',
    () => followInstall(client, purchase.installId, signal),
    (running) => `${running.namespace} is ${nameOf(InstallStateSchema, running.state)}`,
  );
  await timed(
    'verify',
    async () => {
      await verifyMoney(witnesses, order);
      return verifyWorkloads(witnesses.cluster, install.namespace);
    },
    (workloads) => `money taken at Stripe, ${workloads} workload(s) ready on the cluster`,
  );
}

async function nothingSold(
  client: CnapClient,
  orderId: string,
  outcome: string,
  call: { signal: AbortSignal },
): Promise<void> {
  if (outcome !== 'declined') throw new Error('the card that is always declined was accepted');
  const { order } = await client.orders.getOrder({ id: orderId }, call);
  if (order?.state !== OrderState.OPEN || order.installId !== '') {
    throw new Error(
      `a declined payment left the order ${nameOf(OrderStateSchema, order?.state ?? 0)} with install "${order?.installId}"`,
    );
  }
}

async function followOrder(client: CnapClient, purchase: Purchase, signal: AbortSignal): Promise<Order> {
  const watch = (both: AbortSignal) => client.orders.watchOrder({ id: purchase.orderId }, { signal: both });
  for await (const { order } of watching(watch, signal)) {
    if (!order) continue;
    purchase.installId = order.installId || purchase.installId;
    if (order.state === OrderState.FULFILLED) return order;
    if (over.has(order.state))
      throw new Error(`the order is ${nameOf(OrderStateSchema, order.state)}: ${order.message}`);
  }
  throw new Error('the order was followed to no end');
}

async function followInstall(client: CnapClient, id: string, signal: AbortSignal): Promise<Install> {
  const watch = (both: AbortSignal) => client.installs.watchInstall({ id }, { signal: both });
  for await (const { install } of watching(watch, signal)) {
    if (install?.state === InstallState.RUNNING) return install;
    if (install?.state === InstallState.FAILED) throw new Error(`the install failed: ${install.message}`);
  }
  throw new Error('the install was followed to no end');
}

/** Answers to a product's inputs that fit its schema: defaults, first choices, or short texts. */
export function answersFor(schema: JsonObject | undefined): JsonObject {
  const properties = (schema?.['properties'] ?? {}) as Record<string, JsonObject>;
  const required = new Set((schema?.['required'] ?? []) as string[]);
  const answers: JsonObject = {};
  for (const [name, property] of Object.entries(properties)) {
    if (!required.has(name) && property['default'] === undefined) continue;
    const choices = property['enum'];
    const byType: Record<string, JsonObject[string]> = {
      integer: 1,
      number: 1,
      boolean: true,
      array: [],
      object: {},
    };
    answers[name] =
      property['default'] ??
      (Array.isArray(choices) ? choices[0] : undefined) ??
      byType[String(property['type'])] ??
      'A sale';
  }
  return answers;
}

const nameOf = (schema: DescEnum, value: number): string => schema.value[value]?.localName ?? String(value);
