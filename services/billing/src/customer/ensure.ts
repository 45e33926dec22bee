import type { Database } from '@cnap/postgres';
import type { BillingTables } from '../database.ts';
import type { Customers, Owner, Owners } from './port.ts';
import { claimCustomer, findCustomer, storeCustomerId, type CustomerKey } from './store.ts';

export type CustomerDeps = { db: Database<BillingTables>; customers: Customers; owners: Owners };

/**
 * The Stripe customer of a buyer's workspace on a seller's account: one, whoever asks at the same time. Our own table
 * knows it; where it does not (a restored backup), Stripe's search may; a new one is made under a key of the pair.
 */
export async function ensureCustomer(
  { db, customers, owners }: CustomerDeps,
  key: CustomerKey,
): Promise<string> {
  const known = await db.inWorkspace(key.workspaceId, (tx) => findCustomer(tx, key));
  if (known && known.stripe_customer_id !== null) return known.stripe_customer_id;
  const owner = await owners.ownerOf(key.workspaceId);
  const row = await db.inWorkspace(key.workspaceId, (tx) => claimCustomer(tx, key, owner));
  const claimed: Owner = { userId: row.user_id, email: row.email, name: row.name };
  const customerId =
    (await customers.find(key.accountId, key.workspaceId)) ??
    (await customers.create(key.accountId, key.workspaceId, claimed));
  return db.inWorkspace(key.workspaceId, (tx) => storeCustomerId(tx, key, customerId));
}
