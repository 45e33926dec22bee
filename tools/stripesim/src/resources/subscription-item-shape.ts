import { newId } from '../ids.ts';
import { mergeMetadata } from '../params.ts';
import type { Scope } from '../simulation.ts';
import type { Price } from './price.ts';
import type { SubscriptionItem } from './subscription-item.ts';

export const newItem = (
  scope: Scope,
  subscription: string,
  wanted: {
    price: Price;
    quantity: number;
    period: { start: number; end: number };
    metadata?: Record<string, string | null> | undefined;
  },
): SubscriptionItem => ({
  id: `si_${newId('x').slice(2, 16)}`,
  object: 'subscription_item',
  billing_thresholds: null,
  created: scope.sim.clock.now(),
  current_period_end: wanted.period.end,
  current_period_start: wanted.period.start,
  discounts: [],
  metadata: mergeMetadata({}, wanted.metadata),
  price: wanted.price,
  quantity: wanted.quantity,
  subscription,
  tax_rates: [],
});
