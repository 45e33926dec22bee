import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type SellerAccount, SellerAccountSchema } from '@cnap/proto/cnap/billing/v1/seller_account';
import type { SellerAccountRow } from '../database.ts';

export const sellerAccountToProto = (row: SellerAccountRow): SellerAccount =>
  create(SellerAccountSchema, {
    workspaceId: row.workspace_id,
    stripeAccountId: row.stripe_account_id ?? '',
    chargesEnabled: row.charges_enabled,
    payoutsEnabled: row.payouts_enabled,
    detailsSubmitted: row.details_submitted,
    createTime: timestampFromDate(row.create_time),
    updateTime: timestampFromDate(row.read_time),
  });
