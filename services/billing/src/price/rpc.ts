import { notFound } from '@cnap/errors';
import { pageQuery, pageTokenInvalid } from '@cnap/pages';
import type { Database } from '@cnap/postgres';
import type { PriceLookupService } from '@cnap/proto/cnap/billing/v1/price_lookup_service';
import type { PriceService } from '@cnap/proto/cnap/billing/v1/price_service';
import { workspaceOf } from '@cnap/rpc';
import type { ServiceImpl } from '@connectrpc/connect';
import type { BillingTables, SellerAccountRow } from '../database.ts';
import type { Accounts } from '../seller-account/port.ts';
import { findSellerAccount } from '../seller-account/store.ts';
import { refreshSellerAccount } from '../seller-account/sync.ts';
import type { Prices } from './port.ts';
import { keepPrices, readPrices } from './sync.ts';
import { priceToProto } from './to-proto.ts';

type Deps = { db: Database<BillingTables>; prices: Prices; accounts: Accounts };

export const priceRpc = ({ db, prices }: Deps): ServiceImpl<typeof PriceService> => ({
  async listPrices(request, context) {
    const workspaceId = workspaceOf(context);
    const { accountId } = connected(
      await db.inWorkspace(workspaceId, (tx) => findSellerAccount(tx, workspaceId)),
    );
    const after = readToken(request.pageToken);
    const page = await prices.list(accountId, {
      size: pageQuery({ pageSize: request.pageSize, pageToken: '' }).limit,
      ...(after === undefined ? {} : { after }),
    });
    await db.inWorkspace(workspaceId, (tx) => keepPrices(tx, { workspaceId, accountId }, page.prices));
    const last = page.prices.at(-1);
    return {
      prices: page.prices.filter(({ active }) => active).map(priceToProto),
      nextPageToken: page.more && last ? Buffer.from(last.id).toString('base64url') : '',
    };
  },
});

export const priceLookupRpc = ({ db, prices, accounts }: Deps): ServiceImpl<typeof PriceLookupService> => ({
  async lookUpPrices({ workspaceId, stripePriceIds }) {
    const row = await db.inWorkspace(workspaceId, (tx) => findSellerAccount(tx, workspaceId));
    const { accountId, account } = connected(row);
    const [fresh, found] = await Promise.all([
      refreshSellerAccount({ db, accounts }, account),
      readPrices({ db, prices }, { workspaceId, accountId }, stripePriceIds),
    ]);
    return { prices: found.map(priceToProto), chargesEnabled: fresh.charges_enabled };
  },
});

function connected(row: SellerAccountRow | undefined): { account: SellerAccountRow; accountId: string } {
  if (!row || row.stripe_account_id === null)
    throw notFound('seller account', row?.workspace_id ?? 'of this workspace');
  return { account: row, accountId: row.stripe_account_id };
}

/** The page goes on after a price; Stripe keeps the order. */
function readToken(token: string): string | undefined {
  if (token === '') return undefined;
  const id = Buffer.from(token, 'base64url').toString();
  if (/^price_[A-Za-z0-9_]+$/.test(id)) return id;
  throw pageTokenInvalid();
}
