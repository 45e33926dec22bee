import { invalidRequest } from '../errors.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { mergeMetadata, metadata, oneOf, range, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { createParams, createSession } from './checkout-create.ts';
import { emit } from './event.ts';
import { cancelIntent } from './payment-flow.ts';
import type { Price } from './price.ts';

export interface CheckoutSession extends StripeObject {
  object: 'checkout.session';
  amount_subtotal: number;
  amount_total: number;
  cancel_url: string | null;
  client_reference_id: string | null;
  created: number;
  currency: string;
  customer: string | null;
  customer_details: object | null;
  customer_email: string | null;
  expires_at: number;
  invoice: string | null;
  metadata: Record<string, string>;
  mode: 'payment' | 'subscription';
  payment_intent: string | null;
  payment_method_types: ('card' | 'sepa_debit')[];
  payment_status: 'no_payment_required' | 'paid' | 'unpaid';
  status: 'open' | 'complete' | 'expired';
  subscription: string | null;
  success_url: string;
  url: string | null;
}

export interface SessionItem extends StripeObject {
  object: 'item';
  amount_total: number;
  currency: string;
  description: string;
  price: Price;
  quantity: number;
}

/** What a session will do when it is paid; Stripe does not show it. */
export interface SessionPlan {
  id: string;
  lineItems: SessionItem[];
  captureMethod: 'automatic_async' | 'manual';
  applicationFee: number | null;
  applicationFeePercent: number | null;
  description: string | null;
  futureUsage: 'off_session' | 'on_session' | null;
  trialDays: number;
  createCustomer: boolean;
  /** Metadata of the payment intent or the subscription. */
  metadata: Record<string, string>;
  /** Kept between attempts to pay a subscription. */
  intent: string | null;
}

export const sessionOf = (scope: Scope, id: string): CheckoutSession =>
  owned(scope, scope.sim.tables.session, 'checkout.session', id);

export function planOf(scope: Scope, id: string): SessionPlan {
  const plan = scope.sim.tables.sessionPlan.get(id);
  if (!plan) throw new Error(`${id} has no plan`);
  return plan;
}

/** Ends an open session; a payment that was begun there is cancelled with it. */
export function expireSession(scope: Scope, session: CheckoutSession): CheckoutSession {
  const { sim, account } = scope;
  sim.agenda.cancel('session-expires', session.id);
  const expired: CheckoutSession = { ...session, status: 'expired', url: null };
  sim.tables.session.put(account, expired);
  const intentId = planOf(scope, session.id).intent;
  const intent = intentId === null ? undefined : sim.tables.paymentIntent.get(intentId);
  if (intent?.status === 'requires_payment_method') cancelIntent(scope, intent, 'automatic');
  emit(scope, 'checkout.session.expired', expired);
  return expired;
}

export const checkoutSessionRoutes = [
  route('POST', '/v1/checkout/sessions', createParams, createSession),
  route(
    'GET',
    '/v1/checkout/sessions',
    {
      ...listParams,
      customer: text(),
      payment_intent: text(),
      subscription: text(),
      status: oneOf('open', 'complete', 'expired'),
      created: range,
    },
    ({ sim, account }, params) => {
      const found = sim.tables.session
        .list(account)
        .filter((session) => params.customer === undefined || session.customer === params.customer)
        .filter(
          (session) =>
            params.payment_intent === undefined || session.payment_intent === params.payment_intent,
        )
        .filter(
          (session) => params.subscription === undefined || session.subscription === params.subscription,
        )
        .filter((session) => params.status === undefined || session.status === params.status)
        .filter((session) => params.created?.(session.created) ?? true);
      return page(found, params, '/v1/checkout/sessions');
    },
  ),
  route('GET', '/v1/checkout/sessions/:id', {}, (scope, _params, { id }) => sessionOf(scope, id)),
  route('POST', '/v1/checkout/sessions/:id', { metadata }, (scope, params, { id }) => {
    const session = sessionOf(scope, id);
    return scope.sim.tables.session.put(scope.account, {
      ...session,
      metadata: mergeMetadata(session.metadata, params.metadata),
    });
  }),
  route('POST', '/v1/checkout/sessions/:id/expire', {}, (scope, _params, { id }) => {
    const session = sessionOf(scope, id);
    if (session.status !== 'open') {
      throw invalidRequest(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
      );
    }
    return expireSession(scope, session);
  }),
  route('GET', '/v1/checkout/sessions/:id/line_items', listParams, (scope, params, { id }) => {
    sessionOf(scope, id);
    return page(planOf(scope, id).lineItems, params, `/v1/checkout/sessions/${id}/line_items`);
  }),
];
