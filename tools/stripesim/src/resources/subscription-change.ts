import { invalidRequest } from '../errors.ts';
import { owned } from '../owned.ts';
import { mergeMetadata } from '../params.ts';
import type { Scope } from '../simulation.ts';
import { openInvoice, payInvoice } from './invoice-flow.ts';
import { prorationLine } from './proration.ts';
import type { ProrationBehavior } from './proration.ts';
import { bookOf, keepBook } from './subscription-book.ts';
import { newItem } from './subscription-item-shape.ts';
import type { SubscriptionItem } from './subscription-item.ts';
import { setSubscription } from './subscription-state.ts';
import type { Subscription } from './subscription.ts';

export interface ItemChange {
  id?: string | undefined;
  price?: string | undefined;
  quantity?: number | undefined;
  deleted?: boolean | undefined;
  metadata?: Record<string, string | null> | undefined;
}

function nextItems(scope: Scope, subscription: Subscription, changes: ItemChange[]): SubscriptionItem[] {
  const items = [...subscription.items.data];
  for (const [position, change] of changes.entries()) {
    const at = items.findIndex((item) => item.id === change.id);
    const old = items[at];
    if (change.id !== undefined && !old) {
      throw invalidRequest(
        `No such subscription_item: '${change.id}'`,
        `items[${position}][id]`,
        'resource_missing',
      );
    }
    const price =
      change.price === undefined
        ? old?.price
        : owned(scope, scope.sim.tables.price, 'price', change.price, `items[${position}][price]`);
    if (!price)
      throw invalidRequest(
        'Missing required param: price.',
        `items[${position}][price]`,
        'parameter_missing',
      );
    const first = items[0];
    if (
      !price.recurring ||
      price.currency !== subscription.currency ||
      price.recurring.interval !== first?.price.recurring?.interval
    ) {
      throw invalidRequest(
        'The price must be recurring, with the currency and the interval of the subscription.',
        `items[${position}][price]`,
      );
    }
    if (change.deleted) {
      if (old) items.splice(at, 1);
    } else if (old) {
      items[at] = {
        ...old,
        price,
        quantity: change.quantity ?? old.quantity,
        metadata: mergeMetadata(old.metadata, change.metadata),
      };
    } else {
      const period = { start: first.current_period_start, end: first.current_period_end };
      items.push(
        newItem(scope, subscription.id, {
          price,
          quantity: change.quantity ?? 1,
          period,
          metadata: change.metadata,
        }),
      );
    }
  }
  if (items.length === 0) throw invalidRequest('A subscription must have at least one active item.', 'items');
  return items;
}

/** Changes quantities and prices within the period; the difference goes on the next invoice, or on one at once. */
export function changeItems(
  scope: Scope,
  subscription: Subscription,
  changes: ItemChange[],
  behavior: ProrationBehavior = 'create_prorations',
): Subscription {
  const now = scope.sim.clock.now();
  const old = subscription.items.data;
  const items = nextItems(scope, subscription, changes);
  const charges = (item: SubscriptionItem): string => `${item.price.id} ${item.quantity}`;
  const gone = old.filter(
    (item) => !items.some((other) => other.id === item.id && charges(other) === charges(item)),
  );
  const come = items.filter(
    (item) => !old.some((other) => other.id === item.id && charges(other) === charges(item)),
  );
  const after = setSubscription(scope, subscription.id, {
    items: { ...subscription.items, data: items },
  });
  if (behavior === 'none') return after;
  const lines = [
    ...gone.map((item) => prorationLine(subscription, item, now, -1)),
    ...come.map((item) => prorationLine(subscription, item, now, 1)),
  ].filter((line) => line !== undefined);
  const book = bookOf(scope, subscription.id);
  if (behavior === 'create_prorations') {
    keepBook(scope, { ...book, pending: [...book.pending, ...lines] });
    return after;
  }
  const due = [...book.pending, ...lines];
  if (due.length === 0) return after;
  keepBook(scope, { ...book, pending: [] });
  payInvoice(
    scope,
    openInvoice(scope, after, {
      reason: 'subscription_update',
      lines: due,
      period: { start: now, end: now },
    }),
  );
  return scope.sim.tables.subscription.get(subscription.id) ?? after;
}
