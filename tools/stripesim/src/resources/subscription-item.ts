import { invalidRequest } from '../errors.ts';
import { listParams, page } from '../list.ts';
import { integer, metadata, oneOf, required, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { owned } from '../owned.ts';
import type { Price } from './price.ts';
import { prorationBehavior } from './proration.ts';
import { changeItems } from './subscription-change.ts';
import type { Subscription } from './subscription.ts';

export interface SubscriptionItem extends StripeObject {
  object: 'subscription_item';
  current_period_start: number;
  current_period_end: number;
  metadata: Record<string, string>;
  price: Price;
  quantity: number;
  subscription: string;
}

function holderOf(scope: Scope, itemId: string): { subscription: Subscription; item: SubscriptionItem } {
  for (const subscription of scope.sim.tables.subscription.list(scope.account)) {
    const item = subscription.items.data.find((candidate) => candidate.id === itemId);
    if (item && subscription.status !== 'canceled') return { subscription, item };
  }
  throw invalidRequest(`No such subscription_item: '${itemId}'`, 'id', 'resource_missing');
}

export const subscriptionItemRoutes = [
  route(
    'GET',
    '/v1/subscription_items',
    { ...listParams, subscription: required(text()) },
    (scope, params) => {
      const { items } = owned(
        scope,
        scope.sim.tables.subscription,
        'subscription',
        params.subscription,
        'subscription',
      );
      return page(items.data, params, '/v1/subscription_items');
    },
  ),
  route('GET', '/v1/subscription_items/:id', {}, (scope, _params, { id }) => holderOf(scope, id).item),
  route(
    'POST',
    '/v1/subscription_items/:id',
    {
      quantity: integer({ max: 1_000_000 }),
      price: text(),
      metadata,
      proration_behavior: prorationBehavior,
      payment_behavior: oneOf('allow_incomplete'),
    },
    (scope, params, { id }) => {
      const { subscription } = holderOf(scope, id);
      const { proration_behavior, payment_behavior: _behavior, ...change } = params;
      changeItems(scope, subscription, [{ id, ...change }], proration_behavior);
      return holderOf(scope, id).item;
    },
  ),
];
