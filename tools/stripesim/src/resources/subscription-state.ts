import type { Scope } from '../simulation.ts';
import { emit } from './event.ts';
import type { Subscription } from './subscription.ts';

/** Changes a subscription and says so; a string ends it, for that reason. */
export function setSubscription(
  scope: Scope,
  id: string,
  change: Partial<Subscription> | 'cancellation_requested' | 'payment_failed',
): Subscription {
  const { sim, account } = scope;
  const before = sim.tables.subscription.get(id);
  if (!before) throw new Error(`${id} does not exist`);
  if (typeof change === 'string') return endSubscription(scope, before, change);
  const after: Subscription = { ...before, ...change };
  sim.tables.subscription.put(account, after);
  emit(scope, 'customer.subscription.updated', after, before);
  return after;
}

function endSubscription(
  scope: Scope,
  before: Subscription,
  reason: 'cancellation_requested' | 'payment_failed',
): Subscription {
  const { sim, account } = scope;
  const now = sim.clock.now();
  sim.agenda.cancel('period-ends', before.id);
  sim.agenda.cancel('trial-ending', before.id);
  // An ended subscription is not charged any more; its open invoice stays to be paid by hand.
  for (const invoice of sim.tables.invoice.list(account)) {
    if (invoice.status === 'open' && invoice.parent.subscription_details.subscription === before.id) {
      sim.agenda.cancel('invoice-retry', invoice.id);
      sim.tables.invoice.put(account, { ...invoice, auto_advance: false, next_payment_attempt: null });
    }
  }
  const ended: Subscription = {
    ...before,
    status: 'canceled',
    canceled_at: before.canceled_at ?? now,
    cancellation_details: { ...before.cancellation_details, reason },
    ended_at: now,
  };
  sim.tables.subscription.put(account, ended);
  emit(scope, 'customer.subscription.deleted', ended);
  return ended;
}
