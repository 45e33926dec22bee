import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { SellerEventSchema } from '@cnap/proto/cnap/billing/v1/seller_event';
import type { SellerAccountRow } from '../database.ts';

/** `seller.enabled` or `seller.disabled`, by whether the account can take payments. */
export const sellerChanged = (row: SellerAccountRow): Fact =>
  sellerFact(row.charges_enabled ? 'enabled' : 'disabled', row);

/** The workspace has an account now, which takes payments once Stripe says so. */
export const sellerConnected = (row: SellerAccountRow): Fact =>
  sellerFact(row.charges_enabled ? 'enabled' : 'connected', row);

function sellerFact(fact: string, row: SellerAccountRow): Fact {
  return {
    service: 'billing',
    resource: 'seller',
    fact,
    id: row.workspace_id,
    version: Number(row.version),
    workspaceIds: [row.workspace_id],
    schema: SellerEventSchema,
    message: create(SellerEventSchema, {
      workspaceId: row.workspace_id,
      stripeAccountId: row.stripe_account_id ?? '',
      chargesEnabled: row.charges_enabled,
      payoutsEnabled: row.payouts_enabled,
    }),
  };
}
