import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { owned } from '../owned.ts';
import {
  integer,
  list,
  mergeMetadata,
  metadata,
  oneOf,
  percentage,
  record,
  required,
  text,
  url,
} from '../params.ts';
import type { Parsed } from '../params.ts';
import type { Scope } from '../simulation.ts';
import { isConnected } from '../simulation.ts';
import { requireChargesEnabled } from './account.ts';
import type { CheckoutSession, SessionItem, SessionPlan } from './checkout-session.ts';
import { createPrice, currency, recurringParams } from './price.ts';
import type { Price } from './price.ts';
import { sessionShape } from './checkout-shape.ts';

const lineItem = record({
  price: text(),
  price_data: record({
    currency: required(currency),
    unit_amount: required(integer({ max: 99_999_999 })),
    product: text(),
    product_data: record({ name: required(text()), metadata, unit_label: text(12) }),
    recurring: recurringParams,
  }),
  quantity: integer({ min: 1, max: 999_999 }),
  metadata,
});

export const createParams = {
  mode: required(oneOf('payment', 'subscription')),
  line_items: required(list(lineItem)),
  success_url: required(url),
  cancel_url: url,
  ui_mode: oneOf('hosted_page'),
  client_reference_id: text(200),
  customer: text(),
  customer_email: text(800),
  customer_creation: oneOf('always', 'if_required'),
  expires_at: integer(),
  metadata,
  payment_method_types: list(oneOf('card', 'sepa_debit')),
  payment_method_collection: oneOf('always'),
  billing_address_collection: oneOf('auto'),
  locale: oneOf('auto', 'en'),
  submit_type: oneOf('auto', 'pay', 'book', 'subscribe'),
  payment_intent_data: record({
    application_fee_amount: integer(),
    capture_method: oneOf('automatic', 'automatic_async', 'manual'),
    description: text(1000),
    metadata,
    setup_future_usage: oneOf('off_session', 'on_session'),
  }),
  subscription_data: record({
    application_fee_percent: percentage,
    trial_period_days: integer({ min: 1, max: 730 }),
    description: text(500),
    metadata,
  }),
};
type Wanted = Parsed<typeof createParams>;

const day = 86_400;

/** The rules of https://docs.stripe.com/api/checkout/sessions/create that concern what we send. */
function checkMode(scope: Scope, wanted: Wanted, items: SessionItem[]): void {
  const recurring = items.filter((item) => item.price.recurring);
  if (wanted.mode === 'payment') {
    if (recurring.length > 0) {
      throw invalidRequest(
        'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
        'mode',
      );
    }
    if (wanted.subscription_data) {
      throw invalidRequest('You can not pass `subscription_data` in `payment` mode.', 'subscription_data');
    }
  } else {
    if (recurring.length === 0) {
      throw invalidRequest(
        'You must provide at least one recurring price in `subscription` mode when using prices.',
        'line_items',
      );
    }
    if (wanted.payment_intent_data) {
      throw invalidRequest(
        'You can not pass `payment_intent_data` in `subscription` mode.',
        'payment_intent_data',
      );
    }
    if (wanted.customer_creation) {
      throw invalidRequest('`customer_creation` can only be used in `payment` mode.', 'customer_creation');
    }
    const rhythm = new Set(
      recurring.map(({ price }) => `${price.recurring?.interval} ${price.recurring?.interval_count}`),
    );
    if (rhythm.size > 1) {
      throw invalidRequest(
        'Checkout does not support multiple prices with different billing intervals.',
        'line_items',
      );
    }
  }
  const fee =
    wanted.payment_intent_data?.application_fee_amount ?? wanted.subscription_data?.application_fee_percent;
  if (fee !== undefined && !isConnected(scope)) {
    throw invalidRequest(
      'You can only take an application fee of a connected account: use the Stripe-Account header.',
    );
  }
  const debit = wanted.payment_method_types?.includes('sepa_debit');
  if (debit && (wanted.mode === 'subscription' || wanted.payment_intent_data?.capture_method === 'manual')) {
    throw invalidRequest(
      'sepa_debit cannot be combined with manual capture; for subscriptions stripesim does not simulate it.',
      'payment_method_types',
    );
  }
}

function priceOfLine(scope: Scope, line: Wanted['line_items'][number], name: string): Price {
  if ((line.price === undefined) === (line.price_data === undefined)) {
    throw invalidRequest('You must specify either `price` or `price_data` of a line item.', name);
  }
  if (line.price_data) return createPrice(scope, line.price_data);
  const price = owned(scope, scope.sim.tables.price, 'price', line.price ?? '', `${name}[price]`);
  if (!price.active) {
    throw invalidRequest(
      'The price specified is inactive. This field only accepts active prices.',
      `${name}[price]`,
    );
  }
  return price;
}

function sessionItems(scope: Scope, wanted: Wanted): SessionItem[] {
  if (wanted.line_items.length === 0) {
    throw invalidRequest('Missing required param: line_items.', 'line_items', 'parameter_missing');
  }
  return wanted.line_items.map((line, position) => {
    const name = `line_items[${position}]`;
    const price = priceOfLine(scope, line, name);
    if (line.quantity === undefined) {
      throw invalidRequest('Quantity is required. Add `quantity` to the line item.', `${name}[quantity]`);
    }
    const amount = price.unit_amount * line.quantity;
    return {
      id: newId('li'),
      object: 'item',
      adjustable_quantity: null,
      amount_discount: 0,
      amount_subtotal: amount,
      amount_tax: 0,
      amount_total: amount,
      currency: price.currency,
      description: scope.sim.tables.product.get(price.product)?.name ?? '',
      metadata: mergeMetadata({}, line.metadata),
      price,
      quantity: line.quantity,
    };
  });
}

function expiryOf(now: number, wanted: number | undefined): number {
  if (wanted === undefined) return now + day;
  // A few seconds of grace for a caller whose clock is not ours.
  if (wanted < now + 1800 - 30 || wanted > now + day + 30) {
    throw invalidRequest(
      'The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.',
      'expires_at',
    );
  }
  return wanted;
}

export function createSession(scope: Scope, wanted: Wanted): CheckoutSession {
  const { sim, account } = scope;
  const now = sim.clock.now();
  const expiresAt = expiryOf(now, wanted.expires_at);
  requireChargesEnabled(scope);
  if (wanted.customer !== undefined) {
    owned(scope, sim.tables.customer, 'customer', wanted.customer, 'customer');
    if (wanted.customer_email !== undefined) {
      throw invalidRequest(
        'You may only specify one of these parameters: customer, customer_email.',
        'customer',
      );
    }
  }
  const items = sessionItems(scope, wanted);
  checkMode(scope, wanted, items);
  const [first] = items;
  if (!first || items.some((item) => item.price.currency !== first.price.currency)) {
    throw invalidRequest('All line items must have the same currency.', 'line_items');
  }
  const trialDays = wanted.subscription_data?.trial_period_days ?? 0;
  const total = items
    .filter((item) => trialDays === 0 || !item.price.recurring)
    .reduce((sum, item) => sum + item.amount_total, 0);
  const fee = wanted.payment_intent_data?.application_fee_amount ?? null;
  if (fee !== null && fee > total) {
    throw invalidRequest(
      'The application fee cannot be greater than the total.',
      'payment_intent_data[application_fee_amount]',
    );
  }
  const id = newId('cs_test');
  const session = sessionShape({
    id,
    now,
    expiresAt,
    total,
    currency: first.price.currency,
    url: `${sim.url}/c/pay/${id}`,
    mode: wanted.mode,
    successUrl: wanted.success_url,
    cancelUrl: wanted.cancel_url ?? null,
    clientReferenceId: wanted.client_reference_id ?? null,
    customer: wanted.customer ?? null,
    customerEmail: wanted.customer_email ?? null,
    customerCreation:
      wanted.mode === 'payment' && wanted.customer === undefined
        ? (wanted.customer_creation ?? 'if_required')
        : null,
    methodTypes: wanted.payment_method_types?.length ? wanted.payment_method_types : ['card'],
    metadata: mergeMetadata({}, wanted.metadata),
    submitType: wanted.submit_type ?? null,
    locale: wanted.locale ?? null,
  });
  const data = wanted.mode === 'payment' ? wanted.payment_intent_data : wanted.subscription_data;
  const plan: SessionPlan = {
    id,
    lineItems: items,
    captureMethod: wanted.payment_intent_data?.capture_method === 'manual' ? 'manual' : 'automatic_async',
    applicationFee: fee,
    applicationFeePercent: wanted.subscription_data?.application_fee_percent ?? null,
    description: data?.description ?? null,
    futureUsage: wanted.payment_intent_data?.setup_future_usage ?? null,
    trialDays,
    createCustomer: wanted.mode === 'subscription' || wanted.customer_creation === 'always',
    metadata: mergeMetadata({}, data?.metadata),
    intent: null,
  };
  sim.tables.session.put(account, session);
  sim.tables.sessionPlan.put(account, plan);
  sim.agenda.set(account, 'session-expires', id, expiresAt);
  return session;
}
