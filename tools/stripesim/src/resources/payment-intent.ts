import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { boolean, integer, mergeMetadata, metadata, oneOf, range, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import { isConnected, platformApplication } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { cancelIntent, captureIntent } from './payment-flow.ts';
import { emit } from './event.ts';

export interface PaymentIntent extends StripeObject {
  object: 'payment_intent';
  amount: number;
  amount_capturable: number;
  amount_received: number;
  application_fee_amount: number | null;
  canceled_at: number | null;
  cancellation_reason: string | null;
  capture_method: 'automatic' | 'automatic_async' | 'manual';
  created: number;
  currency: string;
  customer: string | null;
  description: string | null;
  last_payment_error: object | null;
  latest_charge: string | null;
  metadata: Record<string, string>;
  payment_method: string | null;
  payment_method_types: string[];
  status: 'requires_payment_method' | 'requires_capture' | 'processing' | 'canceled' | 'succeeded';
}

export interface WantedPayment {
  amount: number;
  currency: string;
  customer: string | null;
  captureMethod: PaymentIntent['capture_method'];
  applicationFee: number | null;
  description: string | null;
  metadata: Record<string, string>;
  methodTypes: string[];
  futureUsage: 'off_session' | 'on_session' | null;
}

export function createIntent(scope: Scope, wanted: WantedPayment): PaymentIntent {
  const id = newId('pi');
  const intent: PaymentIntent = {
    id,
    object: 'payment_intent',
    amount: wanted.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: isConnected(scope) ? platformApplication : null,
    application_fee_amount: wanted.applicationFee,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: wanted.captureMethod,
    client_secret: `${id}_secret_${newId('x').slice(2)}`,
    confirmation_method: 'automatic',
    created: scope.sim.clock.now(),
    currency: wanted.currency,
    customer: wanted.customer,
    description: wanted.description,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    metadata: wanted.metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: wanted.methodTypes,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: wanted.futureUsage,
    shipping: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
  scope.sim.tables.paymentIntent.put(scope.account, intent);
  emit(scope, 'payment_intent.created', intent);
  return intent;
}

const intentOf = (scope: Scope, id: string): PaymentIntent =>
  owned(scope, scope.sim.tables.paymentIntent, 'payment_intent', id);

export const paymentIntentRoutes = [
  route(
    'GET',
    '/v1/payment_intents',
    { ...listParams, customer: text(), created: range },
    ({ sim, account }, params) => {
      const found = sim.tables.paymentIntent
        .list(account)
        .filter((intent) => params.customer === undefined || intent.customer === params.customer)
        .filter((intent) => params.created?.(intent.created) ?? true);
      return page(found, params, '/v1/payment_intents');
    },
  ),
  route('GET', '/v1/payment_intents/:id', {}, (scope, _params, { id }) => intentOf(scope, id)),
  route('POST', '/v1/payment_intents/:id', { description: text(), metadata }, (scope, params, { id }) => {
    const before = intentOf(scope, id);
    return scope.sim.tables.paymentIntent.put(scope.account, {
      ...before,
      description: params.description ?? before.description,
      metadata: mergeMetadata(before.metadata, params.metadata),
    });
  }),
  route(
    'POST',
    '/v1/payment_intents/:id/capture',
    {
      amount_to_capture: integer({ min: 1 }),
      application_fee_amount: integer(),
      final_capture: boolean,
      metadata,
    },
    (scope, params, { id }) => {
      if (params.final_capture === false) {
        throw invalidRequest('Multicapture is not available for this payment.', 'final_capture');
      }
      const intent = intentOf(scope, id);
      return captureIntent(scope, intent, {
        amount: params.amount_to_capture,
        applicationFee: params.application_fee_amount,
        metadata: params.metadata,
      });
    },
  ),
  route(
    'POST',
    '/v1/payment_intents/:id/cancel',
    { cancellation_reason: oneOf('duplicate', 'fraudulent', 'requested_by_customer', 'abandoned') },
    (scope, params, { id }) => {
      const intent = intentOf(scope, id);
      const session = scope.sim.tables.session
        .list(scope.account)
        .find((candidate) => candidate.payment_intent === id && candidate.status === 'open');
      if (session) {
        throw invalidRequest(
          `You cannot cancel this PaymentIntent because it was created by a Checkout Session. Expire the session ${session.id} instead.`,
          undefined,
          'payment_intent_unexpected_state',
        );
      }
      return cancelIntent(scope, intent, params.cancellation_reason ?? null);
    },
  ),
];
