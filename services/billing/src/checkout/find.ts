import type { Database } from '@cnap/postgres';
import type { BillingTables } from '../database.ts';
import type { Prices } from '../price/port.ts';
import { readPrices } from '../price/sync.ts';
import type { Accounts } from '../seller-account/port.ts';
import { findSellerAccount } from '../seller-account/store.ts';
import { refreshSellerAccount } from '../seller-account/sync.ts';
import { checkProduct, type Found, type Wish } from './check.ts';
import type { Placements, Products, ProductSeen } from './port.ts';

export type FindDeps = {
  db: Database<BillingTables>;
  products: Products;
  placements: Placements;
  prices: Prices;
  accounts: Accounts;
};

/** What a checkout was found to be about, besides {@link Found}. */
export type FoundWithAccount = Found & { accountId: string | undefined };

/** Asks everybody who knows: catalog, installer, Stripe; at once where one answer does not need another. */
export async function findOut(deps: FindDeps, wish: Wish): Promise<FoundWithAccount> {
  const product = await deps.products.read(wish.productId);
  const nothing = { product, canCharge: false, prices: [], fit: undefined, accountId: undefined };
  if (!product || !checkProduct(product, wish.workspaceId).passed) return nothing;
  const [money, fit] = await Promise.all([
    findMoney(deps, product),
    deps.placements.checkFit(product.id, wish.regionId),
  ]);
  return { product, fit, ...money };
}

async function findMoney(
  { db, accounts, prices }: FindDeps,
  { workspaceId, priceIds }: ProductSeen,
): Promise<Pick<FoundWithAccount, 'canCharge' | 'prices' | 'accountId'>> {
  const none = { canCharge: false, prices: [], accountId: undefined };
  if (priceIds.length === 0) return none;
  const row = await db.inWorkspace(workspaceId, (tx) => findSellerAccount(tx, workspaceId));
  if (!row || row.stripe_account_id === null) return none;
  const account = await refreshSellerAccount({ db, accounts }, row);
  const accountId = row.stripe_account_id;
  if (!account.charges_enabled) return { ...none, accountId };
  return {
    canCharge: true,
    accountId,
    prices: await readPrices({ db, prices }, { workspaceId, accountId }, priceIds),
  };
}
