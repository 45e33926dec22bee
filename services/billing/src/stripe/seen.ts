import type { Stripe } from 'stripe';
import type { ChargeSeen, PaymentSeen, SessionSeen, SubscriptionSeen } from '../order/port.ts';

const idOf = (reference: string | { id: string } | null): string | undefined =>
  typeof reference === 'string' ? reference : reference?.id;

const dateOf = (seconds: number | null | undefined): Date | undefined =>
  seconds === null || seconds === undefined ? undefined : new Date(seconds * 1_000);

export function sessionSeen(session: Stripe.Checkout.Session): SessionSeen {
  return {
    status: (['complete', 'expired'] as const).find((status) => status === session.status) ?? 'open',
    settled: session.payment_status !== 'unpaid',
    amountTotal: session.amount_total ?? undefined,
    paymentIntentId: idOf(session.payment_intent),
    subscriptionId: idOf(session.subscription),
  };
}

const knownStatuses = [
  'requires_capture',
  'succeeded',
  'canceled',
  'processing',
  'requires_payment_method',
] as const;

export function paymentSeen(intent: Stripe.PaymentIntent, charge: ChargeSeen | undefined): PaymentSeen {
  const latest = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  return {
    status: knownStatuses.find((status) => status === intent.status) ?? 'other',
    received: intent.amount_received,
    heldSince: dateOf(latest?.created),
    charge,
  };
}

export function chargeSeen(
  charge: Stripe.Charge,
  dispute: Stripe.Dispute | undefined,
  covers: ChargeSeen['covers'] = [],
): ChargeSeen {
  return {
    id: charge.id,
    captured: charge.amount_captured,
    refunded: charge.amount_refunded,
    hasFee: charge.application_fee !== null,
    dispute: dispute === undefined ? 'none' : disputeSeen(dispute),
    covers,
  };
}

/** What an invoice's lines pay for. */
export const coversOf = (lines: readonly Stripe.InvoiceLineItem[]): ChargeSeen['covers'] =>
  lines.map(({ amount, period }) => ({
    amount,
    from: new Date(period.start * 1_000),
    until: new Date(period.end * 1_000),
  }));

/** An inquiry ("warning_…") has not taken the money. */
function disputeSeen({ status }: Stripe.Dispute): ChargeSeen['dispute'] {
  if (status === 'lost') return 'lost';
  if (status === 'won' || status === 'warning_closed') return 'won';
  return 'open';
}

const subscriptionStatuses = [
  'trialing',
  'active',
  'past_due',
  'unpaid',
  'paused',
  'canceled',
  'incomplete_expired',
] as const satisfies SubscriptionSeen['status'][];

export function subscriptionSeen(subscription: Stripe.Subscription, charges: ChargeSeen[]): SubscriptionSeen {
  const invoice = typeof subscription.latest_invoice === 'object' ? subscription.latest_invoice : null;
  const ends = subscription.items.data.map((item) => item.current_period_end);
  return {
    status: subscriptionStatuses.find((status) => status === subscription.status) ?? 'incomplete',
    invoicePaid: invoice === null || invoice.status === 'paid',
    unpaidInvoiceId: invoice?.status === 'paid' ? undefined : invoice?.id,
    retriesOver: invoice !== null && invoice.status !== 'paid' && invoice.next_payment_attempt === null,
    endsAt: subscription.cancel_at_period_end
      ? dateOf(subscription.cancel_at ?? Math.max(...ends))
      : dateOf(subscription.cancel_at),
    charges,
  };
}
