import type { Decline } from '../cards.ts';
import { invalidRequest, StripeSimError } from '../errors.ts';
import { mergeMetadata } from '../params.ts';
import type { Scope } from '../simulation.ts';
import { bookCharge, createCharge, holdSeconds } from './charge.ts';
import type { Charge } from './charge.ts';
import { emit } from './event.ts';
import type { PaymentIntent } from './payment-intent.ts';
import { declineOf } from './payment-method.ts';
import type { PaymentMethod } from './payment-method.ts';
import { createRefund } from './refund.ts';

export interface Attempt {
  intent: PaymentIntent;
  decline?: Decline;
}

const put = (scope: Scope, intent: PaymentIntent): PaymentIntent =>
  scope.sim.tables.paymentIntent.put(scope.account, intent);

/** Tries to take, or hold, the money. A refusal is an outcome, not an error. */
export function attemptPayment(
  scope: Scope,
  intent: PaymentIntent,
  method: PaymentMethod,
  forced?: Decline,
): Attempt {
  const decline = forced ?? declineOf(method);
  if (decline) return { intent: recordDecline(scope, intent, method, decline), decline };
  const tried = { ...intent, payment_method: method.id, last_payment_error: null };
  if (method.type === 'sepa_debit') {
    const charge = createCharge(scope, tried, method, { status: 'pending', hold: false });
    emit(scope, 'charge.pending', charge);
    const processing = put(scope, { ...tried, status: 'processing', latest_charge: charge.id });
    emit(scope, 'payment_intent.processing', processing);
    return { intent: processing };
  }
  const hold = intent.capture_method === 'manual';
  const charge = createCharge(scope, tried, method, { status: 'succeeded', hold });
  if (hold) {
    emit(scope, 'charge.succeeded', charge);
    const held = put(scope, {
      ...tried,
      status: 'requires_capture',
      amount_capturable: tried.amount,
      latest_charge: charge.id,
    });
    scope.sim.agenda.set(scope.account, 'hold-expires', held.id, charge.created + holdSeconds);
    emit(scope, 'payment_intent.amount_capturable_updated', held);
    return { intent: held };
  }
  return {
    intent: receive(scope, tried, charge, tried.amount, tried.application_fee_amount, 'charge.succeeded'),
  };
}

function recordDecline(
  scope: Scope,
  intent: PaymentIntent,
  method: PaymentMethod,
  decline: Decline,
): PaymentIntent {
  const charge = createCharge(scope, intent, method, { decline, status: 'failed', hold: false });
  emit(scope, 'charge.failed', charge);
  const failed = put(scope, {
    ...intent,
    status: 'requires_payment_method',
    latest_charge: charge.id,
    last_payment_error: {
      charge: charge.id,
      code: decline.code,
      decline_code: decline.declineCode,
      doc_url: `https://docs.stripe.com/error-codes/${decline.code.replaceAll('_', '-')}`,
      message: decline.message,
      payment_method: method,
      type: 'card_error',
    },
  });
  emit(scope, 'payment_intent.payment_failed', failed);
  return failed;
}

function receive(
  scope: Scope,
  intent: PaymentIntent,
  charge: Charge,
  amount: number,
  fee: number | null,
  fact: 'charge.succeeded' | 'charge.captured',
): PaymentIntent {
  const booked = bookCharge(scope, charge, amount, fee);
  emit(scope, fact, booked, charge);
  const succeeded = put(scope, {
    ...intent,
    status: 'succeeded',
    amount_capturable: 0,
    amount_received: amount,
    application_fee_amount: fee,
    latest_charge: charge.id,
  });
  emit(scope, 'payment_intent.succeeded', succeeded);
  return succeeded;
}

const chargeOf = (scope: Scope, intent: PaymentIntent): Charge => {
  const charge =
    intent.latest_charge === null ? undefined : scope.sim.tables.charge.get(intent.latest_charge);
  if (!charge) throw new Error(`${intent.id} has no charge`);
  return charge;
};

function unexpectedState(intent: PaymentIntent, what: string, wanted: string): StripeSimError {
  return new StripeSimError(
    400,
    `This PaymentIntent could not be ${what} because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be ${what}: ${wanted}.`,
    { code: 'payment_intent_unexpected_state', payment_intent: intent },
  );
}

export function captureIntent(
  scope: Scope,
  intent: PaymentIntent,
  wanted: {
    amount: number | undefined;
    applicationFee: number | undefined;
    metadata: Record<string, string | null> | undefined;
  },
): PaymentIntent {
  if (intent.status !== 'requires_capture') throw unexpectedState(intent, 'captured', 'requires_capture');
  const amount = wanted.amount ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) {
    throw invalidRequest(
      'The capture amount is greater than the amount capturable of this PaymentIntent.',
      'amount_to_capture',
      'amount_too_large',
    );
  }
  const fee = wanted.applicationFee ?? intent.application_fee_amount;
  if (fee !== null && fee > amount) {
    throw invalidRequest(
      'The application fee cannot be greater than the amount captured.',
      'application_fee_amount',
    );
  }
  scope.sim.agenda.cancel('hold-expires', intent.id);
  const kept = { ...intent, metadata: mergeMetadata(intent.metadata, wanted.metadata) };
  const captured = receive(scope, kept, chargeOf(scope, intent), amount, fee, 'charge.captured');
  markSessionPaid(scope, intent.id);
  return captured;
}

/** A session whose money was held, or on its way, is paid once it has arrived. */
export function markSessionPaid(scope: Scope, intentId: string): void {
  const { session } = scope.sim.tables;
  const found = session.list(scope.account).find((candidate) => candidate.payment_intent === intentId);
  if (found) session.put(scope.account, { ...found, payment_status: 'paid' });
}

const cancelable = ['requires_payment_method', 'requires_capture'];

export function cancelIntent(scope: Scope, intent: PaymentIntent, reason: string | null): PaymentIntent {
  if (!cancelable.includes(intent.status)) {
    throw unexpectedState(
      intent,
      'canceled',
      'requires_payment_method, requires_capture, requires_confirmation, requires_action, processing',
    );
  }
  if (intent.status === 'requires_capture') {
    scope.sim.agenda.cancel('hold-expires', intent.id);
    const charge = chargeOf(scope, intent);
    createRefund(scope, charge, { amount: charge.amount, reason: null, metadata: {}, refundFee: false });
  }
  const canceled = put(scope, {
    ...intent,
    status: 'canceled',
    amount_capturable: 0,
    canceled_at: scope.sim.clock.now(),
    cancellation_reason: reason,
  });
  emit(scope, 'payment_intent.canceled', canceled, intent);
  return canceled;
}

/** A hold that nobody captured in time is released by the bank. */
export function expireHold(scope: Scope, intentId: string): void {
  const intent = scope.sim.tables.paymentIntent.get(intentId);
  if (intent?.status !== 'requires_capture') return;
  emit(scope, 'charge.expired', chargeOf(scope, intent));
  cancelIntent(scope, intent, 'automatic');
}

/** A debit that was on its way arrives, or bounces. */
export function settleIntent(scope: Scope, intent: PaymentIntent, succeeded: boolean): PaymentIntent {
  if (intent.status !== 'processing') throw unexpectedState(intent, 'settled', 'processing');
  const charge = chargeOf(scope, intent);
  if (succeeded)
    return receive(scope, intent, charge, intent.amount, intent.application_fee_amount, 'charge.succeeded');
  const failed = scope.sim.tables.charge.put(scope.account, {
    ...charge,
    status: 'failed',
    paid: false,
    failure_code: 'insufficient_funds',
    failure_message: 'The customer\u2019s account has insufficient funds to cover this payment.',
  });
  emit(scope, 'charge.failed', failed, charge);
  const refused = put(scope, {
    ...intent,
    status: 'requires_payment_method',
    last_payment_error: {
      charge: charge.id,
      code: 'insufficient_funds',
      message: 'The customer\u2019s account has insufficient funds to cover this payment.',
      type: 'invalid_request_error',
    },
  });
  emit(scope, 'payment_intent.payment_failed', refused);
  return refused;
}
