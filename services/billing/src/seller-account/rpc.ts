import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import type { Database } from '@cnap/postgres';
import type { SellerAccountService } from '@cnap/proto/cnap/billing/v1/seller_account_service';
import { workspaceOf } from '@cnap/rpc';
import { currentTraceparent } from '@cnap/telemetry';
import type { ServiceImpl } from '@connectrpc/connect';
import type { BillingTables } from '../database.ts';
import { connectedAccount } from './connect.ts';
import { sellerChanged } from './event.ts';
import type { Accounts } from './port.ts';
import { findSellerAccount, forgetAccount, sellerAccountUse } from './store.ts';
import { refreshSellerAccount } from './sync.ts';
import { sellerAccountToProto } from './to-proto.ts';

type Deps = { db: Database<BillingTables>; accounts: Accounts };

export const sellerAccountRpc = ({ db, accounts }: Deps): ServiceImpl<typeof SellerAccountService> => ({
  async getSellerAccount(_request, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => findSellerAccount(tx, workspaceId));
    if (!row || row.stripe_account_id === null) throw notFound('seller account', workspaceId);
    const fresh = await refreshSellerAccount({ db, accounts }, row);
    return { sellerAccount: sellerAccountToProto(fresh) };
  },

  async connectSellerAccount(request, context) {
    const workspaceId = workspaceOf(context);
    const account = await connectedAccount({ db, accounts }, workspaceId, currentTraceparent());
    const onboardingUrl = await accounts.onboardingLink(account.stripe_account_id, {
      returnUrl: request.returnUrl,
      refreshUrl: request.refreshUrl || request.returnUrl,
    });
    return { sellerAccount: sellerAccountToProto(account), onboardingUrl };
  },

  async disconnectSellerAccount(_request, context) {
    const workspaceId = workspaceOf(context);
    await db.inWorkspace(workspaceId, async (tx) => {
      const row = await findSellerAccount(tx, workspaceId);
      if (!row || row.stripe_account_id === null) throw notFound('seller account', workspaceId);
      const use = await sellerAccountUse(tx, workspaceId);
      if (use.length > 0) throw inUse(use);
      const gone = await forgetAccount(tx, workspaceId);
      await publish(tx, sellerChanged(gone));
    });
    return {};
  },
});

const inUse = (ids: string[]): DomainError =>
  new DomainError(
    'failed-precondition',
    'SELLER_ACCOUNT_IN_USE',
    'The Stripe account is used by products or live orders.',
    {
      metadata: { used_by: ids.join(',') },
      suggestion: 'Remove the prices from the products, wait for the orders to end, then try again.',
    },
  );
