import { setTimeout as pause } from 'node:timers/promises';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { createCnapClient, type CnapClient } from '@cnap/client';
import { InstallState, type Install } from '@cnap/proto/cnap/installer/v1/install';
import type { Platform } from '../platform.ts';
import { signed } from '../stripe.ts';
import { pay } from './pay.ts';

/** One sale: milliseconds from the moment the webhook was sent. */
export type Sale = { running: number; answered: number; steps: Record<string, number> };

/** Buys, and delivers Stripe's event itself, so that it knows when it was sent. */
export type Shop = { buyOnce(signal: AbortSignal): Promise<Sale> };

const eventType = 'checkout.session.completed';
const stripeKey = 'sk_test_simulated';

export async function openShop(platform: Platform): Promise<Shop> {
  const { dev } = platform;
  const seller = createCnapClient({
    baseUrl: dev.url,
    token: dev.seller.token,
    workspaceId: dev.seller.workspace_id,
  });
  const { sellerAccount } = await seller.sellerAccounts.getSellerAccount({});
  const accountId = sellerAccount?.stripeAccountId ?? '';
  const buyer = createCnapClient({
    baseUrl: dev.url,
    token: dev.buyer.token,
    workspaceId: dev.buyer.workspace_id,
  });
  await holdBack(dev.stripe_url);
  return { buyOnce: (signal) => buyOnce({ buyer, accountId, platform }, signal) };
}

type Parts = { buyer: CnapClient; accountId: string; platform: Platform };

async function buyOnce({ buyer, accountId, platform }: Parts, signal: AbortSignal): Promise<Sale> {
  const { dev, kept } = platform;
  const { order, checkoutUrl } = await buyer.checkouts.createCheckout(
    { productId: dev.products.one_time, regionId: dev.region_id, inputs: { title: 'A sale' } },
    { signal },
  );
  const orderId = order?.id ?? '';
  await pay(checkoutUrl, signal);
  const body = JSON.stringify(await eventOf(dev.stripe_url, accountId, orderId, signal));
  const headers = signed(body, kept.webhookSecret);
  const sentAt = now();
  const answer = await fetch(`${dev.url}/webhooks/stripe`, { method: 'POST', headers, body, signal });
  await answer.body?.cancel();
  const answered = now() - sentAt;
  if (!answer.ok) throw new Error(`the webhook was answered ${answer.status}`);
  const install = await running(buyer, orderId, signal);
  return { answered, running: timeOf(install.readyTime) - sentAt, steps: stepsOf(install, sentAt) };
}

/** Wall time with fractions of a millisecond: the services' times come from the same clock. */
const now = (): number => performance.timeOrigin + performance.now();
const timeOf = (time: Install['readyTime']): number => (time ? timestampMs(time) : Number.NaN);

/** When each thing was done, in the order in which they are done. */
function stepsOf(install: Install, sentAt: number): Record<string, number> {
  const condition = (type: string) =>
    timeOf(install.conditions.find((one) => one.type === type && one.met)?.time) - sentAt;
  return {
    'order authorised, install made': timeOf(install.createTime) - sentAt,
    placed: condition('Placed'),
    rendered: condition('Rendered'),
    applied: condition('Applied'),
    'hooks done, healthy, running': timeOf(install.readyTime) - sentAt,
  };
}

/** stripesim keeps the one event to itself that we are going to deliver. */
async function holdBack(stripeUrl: string): Promise<void> {
  const answer = await fetch(`${stripeUrl}/_sim/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'webhook-drop', type: eventType }),
  });
  if (!answer.ok) throw new Error(`stripesim answered ${answer.status}: ${await answer.text()}`);
}

type StripeEvent = { data: { object: { metadata?: Record<string, string> } } };

async function eventOf(
  stripeUrl: string,
  accountId: string,
  orderId: string,
  signal: AbortSignal,
): Promise<StripeEvent> {
  const url = `${stripeUrl}/v1/events?type=${eventType}&limit=100`;
  const headers = { authorization: `Bearer ${stripeKey}`, 'stripe-account': accountId };
  const answer = await fetch(url, { headers, signal });
  const { data } = (await answer.json()) as { data: StripeEvent[] };
  const event = data.find(({ data: { object } }) => object.metadata?.['orderId'] === orderId);
  if (!event) throw new Error(`Stripe has no ${eventType} of ${orderId}`);
  return event;
}

async function running(buyer: CnapClient, orderId: string, signal: AbortSignal): Promise<Install> {
  const call = { signal };
  let id = '';
  while (id === '') {
    id = (await buyer.orders.getOrder({ id: orderId }, call)).order?.installId ?? '';
    if (id === '') await pause(100, undefined, call);
  }
  for (;;) {
    for await (const { install } of buyer.installs.watchInstall({ id }, call)) {
      if (install?.state === InstallState.RUNNING) return install;
      if (install?.state === InstallState.FAILED) throw new Error(`the install failed: ${install.message}`);
    }
    signal.throwIfAborted();
  }
}
