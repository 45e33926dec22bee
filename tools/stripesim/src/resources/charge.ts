import type { Decline } from '../cards.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { mergeMetadata, metadata, range, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import { isConnected, platformApplication } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { takeFee } from './application-fee.ts';
import { recordMovement, stripeFeeOf } from './balance-transaction.ts';
import { emit } from './event.ts';
import type { PaymentIntent } from './payment-intent.ts';
import type { BillingDetails, PaymentMethod } from './payment-method.ts';

export interface Charge extends StripeObject {
  object: 'charge';
  amount: number;
  amount_captured: number;
  amount_refunded: number;
  application_fee: string | null;
  application_fee_amount: number | null;
  balance_transaction: string | null;
  billing_details: BillingDetails;
  captured: boolean;
  created: number;
  currency: string;
  customer: string | null;
  disputed: boolean;
  metadata: Record<string, string>;
  payment_intent: string;
  refunded: boolean;
  status: 'failed' | 'pending' | 'succeeded';
}

/** How long an authorisation holds (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method). */
export const holdSeconds = 7 * 24 * 3600;

function methodDetails(method: PaymentMethod, created: number, held: boolean): object {
  if (!method.card)
    return {
      type: method.type,
      sepa_debit: { ...(method.sepa_debit as object), mandate: null, generated_from: undefined },
    };
  const {
    checks: _checks,
    networks: _networks,
    display_brand: _display,
    three_d_secure_usage: _usage,
    generated_from: _from,
    ...card
  } = method.card as Record<string, unknown>;
  return {
    type: 'card',
    card: {
      ...card,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      ...(held && { capture_before: created + holdSeconds }),
      installments: null,
      mandate: null,
      network: card.brand,
      three_d_secure: null,
    },
  };
}

const outcomeOf = (decline: Decline | undefined): object => ({
  advice_code: null,
  network_advice_code: null,
  network_decline_code: decline ? '01' : null,
  network_status: decline ? 'declined_by_network' : 'approved_by_network',
  reason: decline?.declineCode ?? null,
  risk_level: 'normal',
  risk_score: 12,
  seller_message: decline
    ? 'The bank did not return any further details with this decline.'
    : 'Payment complete.',
  type: decline ? 'issuer_declined' : 'authorized',
});

/** One attempt to take the money of a payment intent. A capture books it and takes the platform's fee. */
export function createCharge(
  scope: Scope,
  intent: PaymentIntent,
  method: PaymentMethod,
  result: { decline?: Decline | undefined; status: Charge['status']; hold: boolean },
): Charge {
  const { sim, account } = scope;
  const created = sim.clock.now();
  const charge: Charge = {
    id: newId('ch'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: isConnected(scope) ? platformApplication : null,
    application_fee: null,
    application_fee_amount: intent.application_fee_amount,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'STRIPESIM',
    captured: false,
    created,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: result.decline?.code ?? null,
    failure_message: result.decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(result.decline),
    paid: result.status !== 'failed',
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: methodDetails(method, created, result.hold),
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: result.status,
    transfer_data: null,
    transfer_group: null,
  };
  return sim.tables.charge.put(account, charge);
}

/** The money arrives: fee and balance are booked. Publishes nothing itself but the fee. */
export function bookCharge(scope: Scope, charge: Charge, amount: number, feeAmount: number | null): Charge {
  const fee = feeAmount !== null && feeAmount > 0 ? takeFee(scope, charge, feeAmount) : undefined;
  const movement = recordMovement(scope, {
    amount,
    currency: charge.currency,
    type: 'charge',
    reportingCategory: 'charge',
    source: charge.id,
    stripeFee: stripeFeeOf(amount),
    ...(fee && { applicationFee: fee.amount }),
  });
  return scope.sim.tables.charge.put(scope.account, {
    ...charge,
    amount_captured: amount,
    // What was authorised and not captured goes back at once.
    amount_refunded: charge.amount - amount,
    captured: true,
    paid: true,
    status: 'succeeded',
    application_fee: fee?.id ?? null,
    application_fee_amount: feeAmount,
    balance_transaction: movement.id,
  });
}

export const chargeRoutes = [
  route(
    'GET',
    '/v1/charges',
    { ...listParams, customer: text(), payment_intent: text(), created: range },
    ({ sim, account }, params) => {
      const found = sim.tables.charge
        .list(account)
        .filter((charge) => params.customer === undefined || charge.customer === params.customer)
        .filter(
          (charge) => params.payment_intent === undefined || charge.payment_intent === params.payment_intent,
        )
        .filter((charge) => params.created?.(charge.created) ?? true);
      return page(found, params, '/v1/charges');
    },
  ),
  route('GET', '/v1/charges/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.charge, 'charge', id),
  ),
  route('POST', '/v1/charges/:id', { description: text(), metadata }, (scope, params, { id }) => {
    const { tables } = scope.sim;
    const before = owned(scope, tables.charge, 'charge', id);
    const after: Charge = {
      ...before,
      ...(params.description !== undefined && { description: params.description }),
      metadata: mergeMetadata(before.metadata, params.metadata),
    };
    tables.charge.put(scope.account, after);
    emit(scope, 'charge.updated', after, before);
    return after;
  }),
];
