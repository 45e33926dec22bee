import type { CnapClient } from '@cnap/client';
import { newId } from '@cnap/ids';
import { OrderState, type Order } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { payOnPage } from '../sale/pay.ts';
import type { Witnesses } from '../sale/verify.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { badMood, type Offer } from './offer.ts';
import { insist, type Insisting } from './insist.ts';
import type { PlannedPurchase } from './schedule.ts';

/** What was meant to become of a purchase, and how far its buyer got. Times are milliseconds since the start. */
export type Bought = {
  planned: PlannedPurchase;
  orderId: string;
  installId: string;
  /** What the install's ConfigMap says at the end; undefined when there is none. */
  note: string | undefined;
  /** How the order is to end. */
  wanted: 'fulfilled' | 'refunded' | 'ended' | 'undone';
  begunMs: number;
  paidMs?: number;
  /** Delivered, or given back. */
  settledMs?: number;
  /** The story is told to its end. */
  doneMs?: number;
};

export type Shop = Insisting & {
  buyer: CnapClient;
  seller: CnapClient;
  witnesses: Witnesses;
  offer: Offer;
};

const lookMs = 700;
const settled: ReadonlySet<OrderState> = new Set([
  OrderState.FULFILLED,
  OrderState.ENDED,
  OrderState.EXPIRED,
  OrderState.REFUNDED,
]);

/** Buys once and does what the story says; insists until the signal ends it. Fills in `bought` on the way. */
export async function buyAndLive(shop: Shop, bought: Bought, signal: AbortSignal): Promise<void> {
  const { story, pauseMs } = bought.planned;
  bought.begunMs = shop.now();
  await checkOutAndPay(shop, bought, signal);
  if (story === 'cancel-early') await endOrder(shop, bought, 'buyer', signal);
  const order = await untilSettled(shop, bought, signal);
  bought.settledMs = shop.now();
  if (order.state === OrderState.FULFILLED) {
    await pause(pauseMs, undefined, { signal });
    if (story === 'update' || story === 'rollback') await change(shop, bought, signal);
    if (story === 'end')
      await endOrder(shop, bought, bought.planned.price === 'monthly' ? 'buyer' : 'seller', signal);
  }
  bought.doneMs = shop.now();
}

/** A person's browser: asks again when there is no answer, pays again only when Stripe knows nothing of it. */
async function checkOutAndPay(shop: Shop, bought: Bought, signal: AbortSignal): Promise<void> {
  const { offer, buyer, witnesses } = shop;
  const { price, story } = bought.planned;
  const request = {
    productId: offer.products[price],
    regionId: offer.regionId,
    inputs: { mood: story === 'broken' ? badMood : 'good' },
    requestId: newId('req'),
  };
  const made = await insist(shop, 'CreateCheckout', signal, (call) =>
    buyer.checkouts.createCheckout(request, call),
  );
  bought.orderId = made.order?.id ?? '';
  await insist(shop, 'the payment', signal, async (call) => {
    try {
      const outcome = await payOnPage(made.checkoutUrl, 'good', call.signal);
      if (outcome !== 'paid') throw new Error('the card was declined');
    } catch (error) {
      const account = { stripeAccount: witnesses.stripeAccountId, maxNetworkRetries: 0, timeout: 8_000 };
      const session = sessionIdOf(made.checkoutUrl);
      const { status } = await witnesses.stripe.checkout.sessions.retrieve(session, {}, account);
      if (status !== 'complete') throw error;
    }
  });
  bought.paidMs = shop.now();
}

const sessionIdOf = (checkoutUrl: string): string =>
  decodeURIComponent(new URL(checkoutUrl).pathname.split('/').at(-1) ?? '');

async function untilSettled(shop: Shop, { orderId }: Bought, signal: AbortSignal): Promise<Order> {
  for (;;) {
    const { order } = await insist(shop, 'GetOrder', signal, (call) =>
      shop.buyer.orders.getOrder({ id: orderId }, call),
    );
    if (order && settled.has(order.state)) return order;
    await pause(lookMs, undefined, { signal });
  }
}

/** The buyer cancels, the seller gives the money back. What is over already cannot be ended again. */
async function endOrder(shop: Shop, bought: Bought, who: 'buyer' | 'seller', signal: AbortSignal) {
  const id = bought.orderId;
  const requestId = newId('req');
  bought.wanted = bought.planned.story === 'cancel-early' ? 'undone' : 'ended';
  await insist(shop, 'ending it', signal, async (call) => {
    const { order } = await shop.buyer.orders.getOrder({ id }, call);
    if (order && order.state !== OrderState.FULFILLED && settled.has(order.state)) return;
    if (who === 'buyer') await shop.buyer.orders.cancelOrder({ id, atOnce: true }, call);
    else await shop.seller.orders.refundOrder({ id, requestId }, call);
  });
}

/** Other values of this install alone; a rollback goes back to what it had first. */
async function change(shop: Shop, bought: Bought, signal: AbortSignal): Promise<void> {
  const { seller, offer } = shop;
  const before = await untilRunning(shop, bought, 0, signal);
  const note = `note ${bought.planned.index}`;
  const id = before.id;
  const updates = [{ sourceId: offer.sourceId, values: { note } }];
  await insist(shop, 'UpdateInstallOverrides', signal, (call) =>
    seller.installs.updateInstallOverrides({ id, updates }, call),
  );
  const { revision } = await untilRunning(shop, bought, before.revision, signal);
  bought.note = note;
  if (bought.planned.story === 'update') return;
  await pause(bought.planned.pauseMs, undefined, { signal });
  const { releaseId } = before;
  await insist(shop, 'RollbackInstall', signal, (call) =>
    seller.installs.rollbackInstall({ id, releaseId }, call),
  );
  await untilRunning(shop, bought, revision, signal);
  bought.note = 'none';
}

async function untilRunning(shop: Shop, bought: Bought, beyond: number, signal: AbortSignal) {
  for (;;) {
    const { order } = await insist(shop, 'GetOrder', signal, (call) =>
      shop.buyer.orders.getOrder({ id: bought.orderId }, call),
    );
    bought.installId = order?.installId ?? '';
    const { install } = await insist(shop, 'GetInstall', signal, (call) =>
      shop.seller.installs.getInstall({ id: bought.installId }, call),
    );
    if (install?.state === InstallState.RUNNING && install.revision > beyond) return install;
    await pause(lookMs, undefined, { signal });
  }
}
