import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { listOf, listParams, page } from '../list.ts';
import type { ListPage } from '../list.ts';
import { owned } from '../owned.ts';
import { integer, mergeMetadata, metadata, range, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import { platformApplication, platformScope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { recordMovement } from './balance-transaction.ts';
import type { Charge } from './charge.ts';
import { emit } from './event.ts';

/** The platform's share of a charge; it belongs to the platform. */
export interface ApplicationFee extends StripeObject {
  object: 'application_fee';
  account: string;
  amount: number;
  amount_refunded: number;
  charge: string;
  currency: string;
  refunded: boolean;
  refunds: ListPage;
  created: number;
}

export function takeFee(scope: Scope, charge: Charge, amount: number): ApplicationFee {
  const platform = platformScope(scope);
  const id = newId('fee');
  const movement = recordMovement(platform, {
    amount,
    currency: charge.currency,
    type: 'application_fee',
    reportingCategory: 'platform_earning',
    source: id,
  });
  const fee: ApplicationFee = {
    id,
    object: 'application_fee',
    account: scope.account,
    amount,
    amount_refunded: 0,
    application: platformApplication,
    balance_transaction: movement.id,
    charge: charge.id,
    created: scope.sim.clock.now(),
    currency: charge.currency,
    fee_source: { charge: charge.id, type: 'charge' },
    livemode: false,
    originating_transaction: null,
    refunded: false,
    refunds: listOf([], `/v1/application_fees/${id}/refunds`),
  };
  scope.sim.tables.applicationFee.put(platform.account, fee);
  emit(platform, 'application_fee.created', fee);
  return fee;
}

/** Gives a part of the fee back to the connected account. */
export function refundFee(
  scope: Scope,
  feeId: string,
  amount: number,
  meta?: Record<string, string | null>,
): StripeObject {
  const platform = platformScope(scope);
  const { tables, clock } = scope.sim;
  const before = owned(platform, tables.applicationFee, 'application fee', feeId);
  const remaining = before.amount - before.amount_refunded;
  if (amount > remaining) {
    throw invalidRequest(
      `Refund amount (${amount}) is greater than unrefunded amount on fee (${remaining})`,
      'amount',
    );
  }
  const id = newId('fr');
  const movement = recordMovement(platform, {
    amount: -amount,
    currency: before.currency,
    type: 'application_fee_refund',
    reportingCategory: 'platform_earning_refund',
    source: id,
  });
  const refund: StripeObject = {
    id,
    object: 'fee_refund',
    amount,
    balance_transaction: movement.id,
    created: clock.now(),
    currency: before.currency,
    fee: feeId,
    metadata: mergeMetadata({}, meta),
  };
  const after: ApplicationFee = {
    ...before,
    amount_refunded: before.amount_refunded + amount,
    refunded: amount === remaining,
    refunds: { ...before.refunds, data: [refund, ...before.refunds.data] },
  };
  tables.applicationFee.put(platform.account, after);
  emit(platform, 'application_fee.refunded', after, before);
  return refund;
}

export const applicationFeeRoutes = [
  route(
    'GET',
    '/v1/application_fees',
    { ...listParams, charge: text(), created: range },
    ({ sim, account }, params) => {
      const found = sim.tables.applicationFee
        .list(account)
        .filter((fee) => params.charge === undefined || fee.charge === params.charge)
        .filter((fee) => params.created?.(fee.created) ?? true);
      return page(found, params, '/v1/application_fees');
    },
  ),
  route('GET', '/v1/application_fees/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.applicationFee, 'application fee', id),
  ),
  route('GET', '/v1/application_fees/:id/refunds', listParams, (scope, params, { id }) => {
    const fee = owned(scope, scope.sim.tables.applicationFee, 'application fee', id);
    return page(fee.refunds.data as StripeObject[], params, fee.refunds.url);
  }),
  route(
    'POST',
    '/v1/application_fees/:id/refunds',
    { amount: integer({ min: 1 }), metadata },
    (scope, params, { id }) => {
      const fee = owned(scope, scope.sim.tables.applicationFee, 'application fee', id);
      return refundFee(scope, id, params.amount ?? fee.amount - fee.amount_refunded, params.metadata);
    },
  ),
];
