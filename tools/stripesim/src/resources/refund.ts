import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { boolean, integer, mergeMetadata, metadata, oneOf, range, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { refundFee } from './application-fee.ts';
import { recordMovement } from './balance-transaction.ts';
import type { Charge } from './charge.ts';
import { emit } from './event.ts';

export interface Refund extends StripeObject {
  object: 'refund';
  amount: number;
  charge: string;
  currency: string;
  payment_intent: string;
  metadata: Record<string, string>;
  created: number;
  status: 'succeeded';
}

interface WantedRefund {
  amount: number;
  reason: string | null;
  metadata: Record<string, string>;
  refundFee: boolean;
}

/** Gives money back; of a charge that was never captured, it releases the hold. */
export function createRefund(scope: Scope, charge: Charge, wanted: WantedRefund): Refund {
  const { sim, account } = scope;
  const id = newId('re');
  const movement = charge.captured
    ? recordMovement(scope, {
        amount: -wanted.amount,
        currency: charge.currency,
        type: 'refund',
        reportingCategory: 'refund',
        source: id,
      })
    : undefined;
  const refund: Refund = {
    id,
    object: 'refund',
    amount: wanted.amount,
    balance_transaction: movement?.id ?? null,
    charge: charge.id,
    created: sim.clock.now(),
    currency: charge.currency,
    destination_details: {
      card: {
        reference_status: 'pending',
        reference_type: 'acquirer_reference_number',
        type: charge.captured ? 'refund' : 'reversal',
      },
      type: 'card',
    },
    metadata: wanted.metadata,
    payment_intent: charge.payment_intent,
    reason: wanted.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
  sim.tables.refund.put(account, refund);
  const amountRefunded = charge.amount_refunded + wanted.amount;
  const after: Charge = {
    ...charge,
    amount_refunded: amountRefunded,
    refunded: amountRefunded === charge.amount,
  };
  sim.tables.charge.put(account, after);
  emit(scope, 'refund.created', refund);
  emit(scope, 'charge.refunded', after, charge);
  if (wanted.refundFee && charge.application_fee !== null)
    returnFee(scope, charge.application_fee, wanted.amount, after);
  return refund;
}

/** The fee goes back in proportion; the last refund takes what rounding has left. */
function returnFee(scope: Scope, feeId: string, amount: number, charge: Charge): void {
  const fee = scope.sim.tables.applicationFee.get(feeId);
  if (!fee) throw new Error(`${charge.id} names a fee that does not exist`);
  const remaining = fee.amount - fee.amount_refunded;
  const share = Math.round((fee.amount * amount) / charge.amount_captured);
  const back = charge.refunded ? remaining : Math.min(share, remaining);
  if (back > 0) refundFee(scope, feeId, back);
}

const refundReason = oneOf('duplicate', 'fraudulent', 'requested_by_customer');

function chargeToRefund(
  scope: Scope,
  params: { charge?: string | undefined; payment_intent?: string | undefined },
): Charge {
  const { tables } = scope.sim;
  if ((params.charge === undefined) === (params.payment_intent === undefined)) {
    throw invalidRequest(
      'One of the following params should be provided for this request: payment_intent or charge.',
    );
  }
  if (params.charge !== undefined) return owned(scope, tables.charge, 'charge', params.charge, 'charge');
  const intent = owned(
    scope,
    tables.paymentIntent,
    'payment_intent',
    params.payment_intent ?? '',
    'payment_intent',
  );
  const charge = intent.latest_charge === null ? undefined : tables.charge.get(intent.latest_charge);
  if (intent.status !== 'succeeded' || !charge) {
    throw invalidRequest(
      `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      'payment_intent',
    );
  }
  return charge;
}

export const refundRoutes = [
  route(
    'POST',
    '/v1/refunds',
    {
      charge: text(),
      payment_intent: text(),
      amount: integer({ min: 1 }),
      reason: refundReason,
      refund_application_fee: boolean,
      metadata,
    },
    (scope, params) => {
      const charge = chargeToRefund(scope, params);
      if (charge.status !== 'succeeded') {
        throw invalidRequest(`Charge ${charge.id} has not succeeded and cannot be refunded.`, 'charge');
      }
      if (!charge.captured) {
        throw invalidRequest(
          `Charge ${charge.id} has not been captured; cancel its PaymentIntent instead.`,
          'charge',
          'charge_not_captured',
        );
      }
      if (charge.refunded) {
        throw invalidRequest(
          `Charge ${charge.id} has already been refunded.`,
          undefined,
          'charge_already_refunded',
        );
      }
      const dispute = scope.sim.tables.dispute.list(scope.account).find((item) => item.charge === charge.id);
      if (dispute && dispute.status !== 'won') {
        throw invalidRequest(
          `Charge ${charge.id} has been charged back; cannot issue a refund.`,
          undefined,
          'charge_disputed',
        );
      }
      const remaining = charge.amount - charge.amount_refunded;
      const amount = params.amount ?? remaining;
      if (amount > remaining) {
        throw invalidRequest(
          `Refund amount (${amount}) is greater than unrefunded amount on charge (${remaining})`,
          'amount',
        );
      }
      if (params.refund_application_fee && charge.application_fee === null) {
        throw invalidRequest(
          'Attempting to refund_application_fee, but charge has no application fee',
          'refund_application_fee',
        );
      }
      return createRefund(scope, charge, {
        amount,
        reason: params.reason ?? null,
        metadata: mergeMetadata({}, params.metadata),
        refundFee: params.refund_application_fee ?? false,
      });
    },
  ),
  route(
    'GET',
    '/v1/refunds',
    { ...listParams, charge: text(), payment_intent: text(), created: range },
    ({ sim, account }, params) => {
      const found = sim.tables.refund
        .list(account)
        .filter((refund) => params.charge === undefined || refund.charge === params.charge)
        .filter(
          (refund) => params.payment_intent === undefined || refund.payment_intent === params.payment_intent,
        )
        .filter((refund) => params.created?.(refund.created) ?? true);
      return page(found, params, '/v1/refunds');
    },
  ),
  route('GET', '/v1/refunds/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.refund, 'refund', id),
  ),
  route('POST', '/v1/refunds/:id', { metadata }, (scope, params, { id }) => {
    const { tables } = scope.sim;
    const before = owned(scope, tables.refund, 'refund', id);
    const after: Refund = { ...before, metadata: mergeMetadata(before.metadata, params.metadata) };
    tables.refund.put(scope.account, after);
    emit(scope, 'refund.updated', after, before);
    return after;
  }),
];
