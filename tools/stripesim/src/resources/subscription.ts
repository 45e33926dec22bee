import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { listOf, listParams, page } from '../list.ts';
import type { ListPage } from '../list.ts';
import { owned } from '../owned.ts';
import {
  boolean,
  integer,
  list,
  mergeMetadata,
  metadata,
  oneOf,
  percentage,
  range,
  record,
  text,
  unsettable,
} from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import { isConnected, platformApplication } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { emit } from './event.ts';
import { addIntervals } from './period.ts';
import type { Price } from './price.ts';
import { prorationBehavior } from './proration.ts';
import { changeItems } from './subscription-change.ts';
import { scheduleSubscription } from './subscription-cycle.ts';
import { newItem } from './subscription-item-shape.ts';
import type { SubscriptionItem } from './subscription-item.ts';
import { setSubscription } from './subscription-state.ts';

export interface Subscription extends StripeObject {
  object: 'subscription';
  application: string | null;
  application_fee_percent: number | null;
  billing_cycle_anchor: number;
  cancel_at: number | null;
  cancel_at_period_end: boolean;
  canceled_at: number | null;
  cancellation_details: { comment: string | null; feedback: string | null; reason: string | null };
  created: number;
  currency: string;
  customer: string;
  default_payment_method: string | null;
  description: string | null;
  ended_at: number | null;
  items: ListPage<SubscriptionItem>;
  latest_invoice: string | null;
  metadata: Record<string, string>;
  status: 'active' | 'canceled' | 'incomplete' | 'past_due' | 'trialing' | 'unpaid';
  trial_end: number | null;
  trial_start: number | null;
}

export interface WantedSubscription {
  customer: string;
  currency: string;
  items: { price: Price; quantity: number }[];
  paymentMethod: string;
  applicationFeePercent: number | null;
  trialDays: number;
  description: string | null;
  metadata: Record<string, string>;
}

/** Begins a subscription; its first invoice is the caller's. */
export function createSubscription(scope: Scope, wanted: WantedSubscription): Subscription {
  const id = newId('sub');
  const now = scope.sim.clock.now();
  const recurring = wanted.items[0]?.price.recurring;
  if (!recurring) throw new Error('a subscription needs a recurring price');
  const trialEnd = wanted.trialDays > 0 ? now + wanted.trialDays * 86_400 : null;
  const period = { start: now, end: trialEnd ?? addIntervals(now, recurring, 1) };
  const items = wanted.items.map((item) => newItem(scope, id, { ...item, period }));
  const subscription: Subscription = {
    id,
    object: 'subscription',
    application: isConnected(scope) ? platformApplication : null,
    application_fee_percent: wanted.applicationFeePercent,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: trialEnd ?? now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, reason: null },
    collection_method: 'charge_automatically',
    created: now,
    currency: wanted.currency,
    customer: wanted.customer,
    days_until_due: null,
    default_payment_method: wanted.paymentMethod,
    default_source: null,
    default_tax_rates: [],
    description: wanted.description,
    discounts: [],
    ended_at: null,
    invoice_settings: { account_tax_ids: null, issuer: { type: 'self' } },
    items: listOf(items, `/v1/subscription_items?subscription=${id}`),
    latest_invoice: null,
    livemode: false,
    metadata: wanted.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: trialEnd === null ? 'active' : 'trialing',
    test_clock: null,
    transfer_data: null,
    trial_end: trialEnd,
    trial_settings: { end_behavior: { missing_payment_method: 'create_invoice' } },
    trial_start: trialEnd === null ? null : now,
  };
  scope.sim.tables.subscription.put(scope.account, subscription);
  emit(scope, 'customer.subscription.created', subscription);
  scheduleSubscription(scope, subscription);
  return subscription;
}

const cancellationDetails = record({
  comment: unsettable(text()),
  feedback: oneOf(
    'customer_service',
    'low_quality',
    'missing_features',
    'other',
    'switched_service',
    'too_complex',
    'too_expensive',
    'unused',
  ),
});

const live = (scope: Scope, id: string): Subscription => {
  const found = owned(scope, scope.sim.tables.subscription, 'subscription', id);
  if (found.status === 'canceled') {
    // Stripe answers a change of an ended subscription as if there were none.
    throw invalidRequest(`No such subscription: '${id}'`, 'id', 'resource_missing');
  }
  return found;
};

function withoutItems(
  scope: Scope,
  old: Subscription,
  params: {
    metadata?: Record<string, string | null> | undefined;
    cancel_at_period_end?: boolean | undefined;
    cancellation_details?: { comment?: string | null | undefined; feedback?: string | undefined } | undefined;
    default_payment_method?: string | undefined;
    description?: string | null | undefined;
    application_fee_percent?: number | null | undefined;
  },
): Partial<Subscription> {
  const method = params.default_payment_method;
  if (method !== undefined) {
    owned(scope, scope.sim.tables.paymentMethod, 'PaymentMethod', method, 'default_payment_method');
  }
  const ending = params.cancel_at_period_end;
  const details = params.cancellation_details;
  return {
    metadata: mergeMetadata(old.metadata, params.metadata),
    ...(method !== undefined && { default_payment_method: method }),
    ...(params.description !== undefined && { description: params.description }),
    ...(params.application_fee_percent !== undefined && {
      application_fee_percent: params.application_fee_percent,
    }),
    ...(details && {
      cancellation_details: {
        ...old.cancellation_details,
        comment: details.comment ?? old.cancellation_details.comment,
        feedback: details.feedback ?? old.cancellation_details.feedback,
      },
    }),
    ...(ending !== undefined && {
      cancel_at_period_end: ending,
      cancel_at: ending ? (old.items.data[0]?.current_period_end ?? null) : null,
      canceled_at: ending ? scope.sim.clock.now() : null,
    }),
  };
}

export const subscriptionRoutes = [
  route(
    'GET',
    '/v1/subscriptions',
    {
      ...listParams,
      customer: text(),
      price: text(),
      status: oneOf('active', 'all', 'canceled', 'ended', 'incomplete', 'past_due', 'trialing', 'unpaid'),
      created: range,
    },
    ({ sim, account }, params) => {
      const wanted = params.status === 'ended' ? 'canceled' : params.status;
      const found = sim.tables.subscription
        .list(account)
        .filter(({ status }) =>
          wanted === undefined ? status !== 'canceled' : wanted === 'all' || status === wanted,
        )
        .filter((item) => params.customer === undefined || item.customer === params.customer)
        .filter(
          (item) =>
            params.price === undefined || item.items.data.some(({ price }) => price.id === params.price),
        )
        .filter((item) => params.created?.(item.created) ?? true);
      return page(found, params, '/v1/subscriptions');
    },
  ),
  route('GET', '/v1/subscriptions/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.subscription, 'subscription', id),
  ),
  route(
    'POST',
    '/v1/subscriptions/:id',
    {
      items: list(
        record({
          id: text(),
          price: text(),
          quantity: integer({ max: 1_000_000 }),
          deleted: boolean,
          metadata,
        }),
      ),
      proration_behavior: prorationBehavior,
      payment_behavior: oneOf('allow_incomplete'),
      cancel_at_period_end: boolean,
      cancellation_details: cancellationDetails,
      default_payment_method: text(),
      description: unsettable(text(500)),
      application_fee_percent: unsettable(percentage),
      metadata,
    },
    (scope, params, { id }) => {
      const old = live(scope, id);
      const changed = setSubscription(scope, id, withoutItems(scope, old, params));
      scheduleSubscription(scope, changed);
      if (!params.items || params.items.length === 0) return changed;
      return changeItems(scope, changed, params.items, params.proration_behavior);
    },
  ),
  route(
    'DELETE',
    '/v1/subscriptions/:id',
    { cancellation_details: cancellationDetails, invoice_now: oneOf('false'), prorate: oneOf('false') },
    (scope, params, { id }) => {
      const old = live(scope, id);
      const details = withoutItems(scope, old, { cancellation_details: params.cancellation_details });
      scope.sim.tables.subscription.put(scope.account, { ...old, ...details });
      return setSubscription(scope, id, 'cancellation_requested');
    },
  ),
];
