import { publish } from '@cnap/events';
import type { Database, Tx } from '@cnap/postgres';
import { done, type Reconcile } from '@cnap/reconcile';
import { withActor } from '@cnap/telemetry';
import type { BillingTables } from '../database.ts';
import { sellerOf } from '../seller-account/store.ts';
import { priceChanged } from './event.ts';
import type { Prices, PriceSeen } from './port.ts';
import { storePriceDeleted, storePriceSeen } from './store.ts';

/** Whose prices they are. */
export type PriceOwner = { workspaceId: string; accountId: string };

type Deps = { db: Database<BillingTables>; prices: Prices };

/** Reads prices of a seller live, in the order asked for, and keeps them; those that do not exist are left out. */
export async function readPrices(
  { db, prices }: Deps,
  owner: PriceOwner,
  ids: string[],
): Promise<PriceSeen[]> {
  const unique = [...new Set(ids)];
  const read = await Promise.all(unique.map((id) => prices.read(owner.accountId, id)));
  const found = read.filter((price) => price !== undefined);
  // Whoever needs the prices has not changed them: that was done at Stripe.
  await withActor({ kind: 'service', id: 'billing' }, () =>
    db.acrossWorkspaces(async (tx) => {
      await keepPrices(tx, owner, found);
      for (const [index, id] of unique.entries()) {
        if (read[index] === undefined) await keepDeletion(tx, owner.accountId, id);
      }
    }),
  );
  return found;
}

/** Keeps prices as Stripe has them; what changed becomes a fact. */
export async function keepPrices(
  tx: Tx<BillingTables>,
  owner: PriceOwner,
  found: readonly PriceSeen[],
): Promise<void> {
  // In one order for all, so that two transactions never wait for each other.
  for (const price of found.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    const row = await storePriceSeen(tx, owner, price);
    if (row) await publish(tx, priceChanged(row));
  }
}

async function keepDeletion(tx: Tx<BillingTables>, accountId: string, priceId: string): Promise<void> {
  const row = await storePriceDeleted(tx, accountId, priceId);
  if (row) await publish(tx, priceChanged(row));
}

/** The key of a price in the reconcile queue. */
export const priceKey = (accountId: string, priceId: string): string => `${accountId}/${priceId}`;

/** Reconciles `price`: something about it changed at Stripe. */
export const priceReconciler =
  ({ db, prices }: Deps): Reconcile =>
  async ({ key, write }) => {
    const [accountId = '', priceId = ''] = key.split('/');
    const workspaceId = await db.acrossWorkspaces((tx) => sellerOf(tx, accountId));
    if (workspaceId === undefined) return done; // disconnected meanwhile
    const price = await prices.read(accountId, priceId);
    await write((tx: Tx<BillingTables>) =>
      price ? keepPrices(tx, { workspaceId, accountId }, [price]) : keepDeletion(tx, accountId, priceId),
    );
    return done;
  };
