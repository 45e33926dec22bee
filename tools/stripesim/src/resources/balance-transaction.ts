import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { range, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import { platformApplication } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';

export interface BalanceTransaction extends StripeObject {
  object: 'balance_transaction';
  amount: number;
  fee: number;
  net: number;
  currency: string;
  type: string;
  source: string;
  created: number;
}

interface Movement {
  amount: number;
  currency: string;
  type: 'charge' | 'refund' | 'application_fee' | 'application_fee_refund' | 'adjustment';
  reportingCategory:
    | 'charge'
    | 'refund'
    | 'platform_earning'
    | 'platform_earning_refund'
    | 'dispute'
    | 'dispute_reversal';
  source: string;
  description?: string;
  stripeFee?: number;
  applicationFee?: number;
}

/** Stripe's own fee on a charge, 2.9 % + 30: only its order of magnitude matters here. */
export const stripeFeeOf = (amount: number): number => Math.round(amount * 0.029) + 30;

export function recordMovement(scope: Scope, movement: Movement): BalanceTransaction {
  const { stripeFee = 0, applicationFee = 0, amount, currency } = movement;
  const created = scope.sim.clock.now();
  const transaction: BalanceTransaction = {
    id: newId('txn'),
    object: 'balance_transaction',
    amount,
    available_on: created,
    balance_type: 'payments',
    created,
    currency,
    description: movement.description ?? null,
    exchange_rate: null,
    fee: stripeFee + applicationFee,
    fee_details: [
      ...(applicationFee > 0
        ? [
            {
              amount: applicationFee,
              application: platformApplication,
              currency,
              description: 'Application fee',
              type: 'application_fee',
            },
          ]
        : []),
      ...(stripeFee > 0
        ? [
            {
              amount: stripeFee,
              application: null,
              currency,
              description: 'Stripe processing fees',
              type: 'stripe_fee',
            },
          ]
        : []),
    ],
    net: amount - stripeFee - applicationFee,
    reporting_category: movement.reportingCategory,
    source: movement.source,
    status: 'available',
    type: movement.type,
  };
  return scope.sim.tables.balanceTransaction.put(scope.account, transaction);
}

export const balanceTransactionRoutes = [
  route(
    'GET',
    '/v1/balance_transactions',
    { ...listParams, source: text(), type: text(), currency: text(3), created: range },
    ({ sim, account }, params) => {
      const found = sim.tables.balanceTransaction
        .list(account)
        .filter((item) => params.source === undefined || item.source === params.source)
        .filter((item) => params.type === undefined || item.type === params.type)
        .filter((item) => params.currency === undefined || item.currency === params.currency)
        .filter((item) => params.created?.(item.created) ?? true);
      return page(found, params, '/v1/balance_transactions');
    },
  ),
  route('GET', '/v1/balance_transactions/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.balanceTransaction, 'balance transaction', id),
  ),
];
