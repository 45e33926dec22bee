import type { Scope } from '../simulation.ts';
import { emit } from './event.ts';
import { openInvoice, payInvoice } from './invoice-flow.ts';
import type { InvoiceLine } from './invoice.ts';
import { periodEnd } from './period.ts';
import { bookOf, keepBook } from './subscription-book.ts';
import { itemLine } from './proration.ts';
import { setSubscription } from './subscription-state.ts';
import type { Subscription } from './subscription.ts';

const trialNoticeSeconds = 3 * 86_400;

/** The lines of a whole period of every item. */
export const periodLines = (subscription: Subscription, trial = false): InvoiceLine[] =>
  subscription.items.data.map((item) =>
    itemLine(subscription, {
      item: item.id,
      price: item.price,
      quantity: item.quantity,
      amount: trial ? 0 : item.price.unit_amount * item.quantity,
      description: trial
        ? `Free trial for ${item.quantity} × ${item.price.nickname ?? item.price.id}`
        : `${item.quantity} × ${item.price.nickname ?? item.price.id}`,
      period: { start: item.current_period_start, end: item.current_period_end },
      proration: false,
    }),
  );

/** Notes in the agenda when this subscription has to be looked at again. */
export function scheduleSubscription({ sim, account }: Scope, subscription: Subscription): void {
  const end = subscription.items.data[0]?.current_period_end;
  if (end === undefined) return;
  const cancelAt = subscription.cancel_at;
  sim.agenda.set(account, 'period-ends', subscription.id, cancelAt === null ? end : Math.min(cancelAt, end));
  if (subscription.status === 'trialing' && subscription.trial_end !== null) {
    const notice = Math.max(subscription.trial_end - trialNoticeSeconds, sim.clock.now());
    sim.agenda.set(account, 'trial-ending', subscription.id, notice);
  }
}

export function announceTrialEnd(scope: Scope, id: string): void {
  const subscription = scope.sim.tables.subscription.get(id);
  if (subscription?.status === 'trialing') emit(scope, 'customer.subscription.trial_will_end', subscription);
}

/** The period has ended: the subscription ends with it, or the next one begins and is charged. */
export function endPeriod(scope: Scope, id: string): void {
  const { sim } = scope;
  const subscription = sim.tables.subscription.get(id);
  if (!subscription || subscription.status === 'canceled') return;
  const now = sim.clock.now();
  if (subscription.cancel_at !== null && subscription.cancel_at <= now) {
    setSubscription(scope, id, 'cancellation_requested');
    return;
  }
  const first = subscription.items.data[0];
  if (!first?.price.recurring) throw new Error(`${id} has no recurring price`);
  const start = first.current_period_end;
  const trialEnded = subscription.status === 'trialing';
  const anchor = trialEnded ? start : subscription.billing_cycle_anchor;
  const end = periodEnd(anchor, first.price.recurring, start);
  const renewed = setSubscription(scope, id, {
    billing_cycle_anchor: anchor,
    status: trialEnded ? 'active' : subscription.status,
    items: {
      ...subscription.items,
      data: subscription.items.data.map((item) => ({
        ...item,
        current_period_start: start,
        current_period_end: end,
      })),
    },
  });
  scheduleSubscription(scope, renewed);
  const book = bookOf(scope, id);
  keepBook(scope, { ...book, pending: [] });
  const invoice = openInvoice(scope, renewed, {
    reason: 'subscription_cycle',
    lines: [...book.pending, ...periodLines(renewed)],
    period: { start: first.current_period_start, end: start },
  });
  payInvoice(scope, invoice);
}
