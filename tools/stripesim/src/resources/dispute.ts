import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { recordMovement } from './balance-transaction.ts';
import type { BalanceTransaction } from './balance-transaction.ts';
import type { Charge } from './charge.ts';
import { emit } from './event.ts';

export interface Dispute extends StripeObject {
  object: 'dispute';
  amount: number;
  charge: string;
  currency: string;
  payment_intent: string;
  balance_transactions: BalanceTransaction[];
  status: 'needs_response' | 'won' | 'lost';
}

const disputeFee = 1500;
const evidenceFields = [
  'access_activity_log',
  'billing_address',
  'cancellation_policy',
  'cancellation_policy_disclosure',
  'cancellation_rebuttal',
  'customer_communication',
  'customer_email_address',
  'customer_name',
  'customer_purchase_ip',
  'customer_signature',
  'duplicate_charge_documentation',
  'duplicate_charge_explanation',
  'duplicate_charge_id',
  'product_description',
  'receipt',
  'refund_policy',
  'refund_policy_disclosure',
  'refund_refusal_explanation',
  'service_date',
  'service_documentation',
  'shipping_address',
  'shipping_carrier',
  'shipping_date',
  'shipping_documentation',
  'shipping_tracking_number',
  'uncategorized_file',
  'uncategorized_text',
];

/** The cardholder disputes a charge: its money is withdrawn until the dispute is decided. */
export function openDispute(scope: Scope, chargeId: string, reason = 'fraudulent'): Dispute {
  const { sim, account } = scope;
  const charge = owned(scope, sim.tables.charge, 'charge', chargeId, 'charge');
  if (!charge.captured || charge.disputed) {
    throw invalidRequest(
      `Charge ${chargeId} ${charge.disputed ? 'is disputed already' : 'was never captured'}`,
      'charge',
    );
  }
  const id = newId('dp');
  const now = sim.clock.now();
  const movement = recordMovement(scope, {
    amount: -charge.amount_captured,
    currency: charge.currency,
    type: 'adjustment',
    reportingCategory: 'dispute',
    source: id,
    description: `Chargeback withdrawal for ${chargeId}`,
    stripeFee: disputeFee,
  });
  const dispute: Dispute = {
    id,
    object: 'dispute',
    amount: charge.amount_captured,
    balance_transactions: [movement],
    charge: chargeId,
    created: now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: { ...Object.fromEntries(evidenceFields.map((field) => [field, null])), enhanced_evidence: {} },
    evidence_details: {
      due_by: now + 9 * 86_400,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
    },
    is_charge_refundable: false,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: { brand: 'visa', case_type: 'chargeback', network: 'visa', network_reason_code: '10.4' },
      type: 'card',
    },
    reason,
    status: 'needs_response',
  };
  sim.tables.dispute.put(account, dispute);
  const disputed: Charge = { ...charge, disputed: true };
  sim.tables.charge.put(account, disputed);
  emit(scope, 'charge.dispute.created', dispute);
  emit(scope, 'charge.dispute.funds_withdrawn', dispute);
  return dispute;
}

export function closeDispute(scope: Scope, id: string, status: 'won' | 'lost'): Dispute {
  const { sim, account } = scope;
  const before = owned(scope, sim.tables.dispute, 'dispute', id);
  if (before.status !== 'needs_response') throw invalidRequest(`This dispute is already ${before.status}.`);
  const returned =
    status === 'won'
      ? [
          recordMovement(scope, {
            amount: before.amount,
            currency: before.currency,
            type: 'adjustment',
            reportingCategory: 'dispute_reversal',
            source: id,
            description: `Chargeback reversal for ${before.charge}`,
          }),
        ]
      : [];
  const after: Dispute = {
    ...before,
    status,
    balance_transactions: [...before.balance_transactions, ...returned],
  };
  sim.tables.dispute.put(account, after);
  emit(scope, 'charge.dispute.closed', after, before);
  if (status === 'won') emit(scope, 'charge.dispute.funds_reinstated', after);
  return after;
}

export const disputeRoutes = [
  route(
    'GET',
    '/v1/disputes',
    { ...listParams, charge: text(), payment_intent: text() },
    ({ sim, account }, params) => {
      const found = sim.tables.dispute
        .list(account)
        .filter((dispute) => params.charge === undefined || dispute.charge === params.charge)
        .filter(
          (dispute) =>
            params.payment_intent === undefined || dispute.payment_intent === params.payment_intent,
        );
      return page(found, params, '/v1/disputes');
    },
  ),
  route('GET', '/v1/disputes/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.dispute, 'dispute', id),
  ),
  // Closing by the API is giving in: the dispute is lost.
  route('POST', '/v1/disputes/:id/close', {}, (scope, _params, { id }) => closeDispute(scope, id, 'lost')),
];
