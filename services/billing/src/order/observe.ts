import type { OrderRow } from '../database.ts';
import type { Wanted } from './step.ts';
import type { Installs, InstallSeen, Money, MoneyRef, MoneySeen } from './port.ts';
import type { Struct } from '../checkout/struct.ts';

export const wantedOf = (order: OrderRow): Wanted => ({
  state: order.state,
  mode: order.payment_mode,
  hasSession: order.stripe_session_id !== null,
  cancel: order.cancel,
  refund: order.refund,
  createdAt: order.create_time,
  since: order.state_time,
  announced: order.announced,
  deadline: order.deadline_time ?? undefined,
  installEnd: order.install_end,
  installSleep: order.install_sleep,
  detachedAt: order.detached_time ?? undefined,
});

/** Where the order's money is; undefined for what is free. */
export function moneyRefOf(order: OrderRow, attempt = 1): MoneyRef | undefined {
  if (order.stripe_account_id === null) return undefined;
  return {
    orderId: order.id,
    attempt,
    accountId: order.stripe_account_id,
    sessionId: order.stripe_session_id ?? undefined,
    paymentIntentId: order.stripe_payment_intent_id ?? undefined,
    subscriptionId: order.stripe_subscription_id ?? undefined,
  };
}

/** Reads from Stripe what the plan needs in this state. */
export async function observeMoney(money: Money, order: OrderRow): Promise<MoneySeen> {
  const ref = moneyRefOf(order);
  if (ref === undefined || order.state === 'expired') return {};
  if (order.state === 'open') return money.readCheckout(ref);
  return order.payment_mode === 'subscription' ? money.readSubscription(ref) : money.readPayment(ref);
}

/** What the installer is asked for; the same at every call. */
export const installOf = (order: OrderRow, inputs: Struct): Parameters<Installs['ensure']>[0] => ({
  orderId: order.id,
  idempotencyKey: order.install_key ?? `idk_${order.id}`,
  workspaceId: order.workspace_id,
  sellerWorkspaceId: order.seller_workspace_id,
  productId: order.product_id,
  regionId: order.region_id,
  inputs,
  quantity: order.quantity,
  name: order.product_name,
});

/** What Stripe says that the order's own columns must say too. */
export function moneyColumns(order: OrderRow, { session, payment, subscription }: MoneySeen) {
  const charges = [...(payment?.charge ? [payment.charge] : []), ...(subscription?.charges ?? [])];
  const sum = (of: (charge: (typeof charges)[number]) => number): number =>
    charges.reduce((total, charge) => total + of(charge), 0);
  // A checkout is read without its charges.
  const known = order.state !== 'open' && (payment !== undefined || subscription !== undefined);
  return {
    ...(session?.amountTotal === undefined ? {} : { amount_total: session.amountTotal }),
    ...(known
      ? {
          amount_captured: sum(({ captured }) => captured),
          // Of a released hold nothing was ever taken.
          amount_refunded: sum(({ captured, refunded }) => Math.min(captured, refunded)),
        }
      : {}),
    ...(session?.paymentIntentId === undefined ? {} : { stripe_payment_intent_id: session.paymentIntentId }),
    ...(session?.subscriptionId === undefined ? {} : { stripe_subscription_id: session.subscriptionId }),
    ...(subscription && order.state !== 'open' ? { end_time: subscription.endsAt ?? null } : {}),
  };
}

/** Whether columns say something else than the row. */
export const differs = (order: OrderRow, columns: object): boolean =>
  Object.entries(columns).some(
    ([name, value]) => comparable(value) !== comparable(order[name as keyof OrderRow]),
  );

const comparable = (value: unknown): string =>
  value instanceof Date ? value.toISOString() : String(value ?? '');

/** A look at the install; that the installer cannot be reached is an answer too. */
export type InstallLook = { install?: InstallSeen; unreachable?: Error };
