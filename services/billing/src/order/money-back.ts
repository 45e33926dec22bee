import type { ChargeSeen, MoneySeen, PaymentSeen, SubscriptionSeen } from './port.ts';
import { wait, type Step } from './step.ts';

/** The next step that gives everything back; undefined when nothing is left to give. */
export function undoMoney({ payment, subscription }: MoneySeen): Step | undefined {
  if (subscription && !hasEnded(subscription)) return { do: 'cancel-subscription' };
  if (payment?.status === 'processing') return wait();
  if (payment && payment.status !== 'succeeded' && payment.status !== 'canceled') return { do: 'release' };
  const kept = chargesOf(payment, subscription).find(
    (charge) => !isReturned(charge) && charge.dispute !== 'open',
  );
  return kept && { do: 'refund', charge: kept };
}

/** Why the money of an order is gone, if it is. */
export function lossOf({
  payment,
  subscription,
}: MoneySeen): { reason: string; message: string } | undefined {
  const charges = chargesOf(payment, subscription);
  if (charges.some((charge) => charge.dispute === 'lost')) {
    return { reason: 'DISPUTE_LOST', message: 'The payment was disputed, and the dispute is lost.' };
  }
  if (charges.length > 0 && charges.every(isReturned)) {
    return { reason: 'REFUNDED_BY_SELLER', message: 'The seller gave the money back.' };
  }
  if (payment?.status === 'canceled')
    return { reason: 'HOLD_LOST', message: 'The hold on the money has ended.' };
  if (subscription && hasEnded(subscription)) {
    return { reason: 'SUBSCRIPTION_ENDED', message: 'The subscription has ended.' };
  }
  return undefined;
}

const chargesOf = (
  payment: PaymentSeen | undefined,
  subscription: SubscriptionSeen | undefined,
): ChargeSeen[] =>
  [...(payment?.charge ? [payment.charge] : []), ...(subscription?.charges ?? [])].filter(
    ({ captured }) => captured > 0,
  );

/** Gives back of each charge what it pays for after a moment. */
export function refundUnused({ payment, subscription }: MoneySeen, after: Date): Step | undefined {
  for (const charge of chargesOf(payment, subscription)) {
    const amount = unusedOf(charge, after) - charge.refunded;
    if (amount > 0 && !isReturned(charge) && charge.dispute !== 'open')
      return { do: 'refund', charge, amount };
  }
  return undefined;
}

/** How much of a charge pays for what comes after a moment; a price without a period is used up at once. */
export function unusedOf({ captured, covers }: ChargeSeen, after: Date): number {
  const total = covers.reduce((sum, { amount }) => sum + amount, 0);
  if (total <= 0) return 0;
  const unused = covers.reduce((sum, { amount, from, until }) => {
    const wholeMs = until.getTime() - from.getTime();
    if (wholeMs <= 0) return sum;
    const leftMs = until.getTime() - Math.max(after.getTime(), from.getTime());
    return sum + (amount * Math.max(0, leftMs)) / wholeMs;
  }, 0);
  // In proportion, as discounts and taxes are no lines.
  return Math.min(captured, Math.max(0, Math.floor((captured * unused) / total)));
}

const isReturned = (charge: ChargeSeen): boolean =>
  charge.refunded >= charge.captured || charge.dispute === 'lost';

export const hasEnded = ({ status }: SubscriptionSeen): boolean =>
  status === 'canceled' || status === 'incomplete_expired';

/** While Stripe still tries, the buyer keeps what they bought. */
export const isUnpaid = ({ status, retriesOver }: SubscriptionSeen): boolean =>
  status === 'unpaid' || status === 'paused' || (status === 'past_due' && retriesOver);
