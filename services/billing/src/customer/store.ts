import type { Tx } from '@cnap/postgres';
import type { BillingTables, CustomerRow } from '../database.ts';
import type { Owner } from './port.ts';

type BillingTx = Tx<BillingTables>;

/** Who pays whom. */
export type CustomerKey = { accountId: string; workspaceId: string };

export const findCustomer = (tx: BillingTx, key: CustomerKey): Promise<CustomerRow | undefined> =>
  tx
    .selectFrom('customer')
    .selectAll()
    .where('stripe_account_id', '=', key.accountId)
    .where('workspace_id', '=', key.workspaceId)
    .executeTakeFirst();

/** Inserts the row unless it is there. All who make the customer then send what the row says, under one key. */
export async function claimCustomer(tx: BillingTx, key: CustomerKey, owner: Owner): Promise<CustomerRow> {
  await tx
    .insertInto('customer')
    .values({
      stripe_account_id: key.accountId,
      workspace_id: key.workspaceId,
      user_id: owner.userId,
      email: owner.email,
      name: owner.name,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await findCustomer(tx, key);
  if (!row) throw new Error(`the customer of ${key.workspaceId} was not stored`);
  return row;
}

/** Keeps the id that Stripe gave; the first one stays. */
export async function storeCustomerId(tx: BillingTx, key: CustomerKey, customerId: string): Promise<string> {
  await tx
    .updateTable('customer')
    .set({ stripe_customer_id: customerId })
    .where('stripe_account_id', '=', key.accountId)
    .where('workspace_id', '=', key.workspaceId)
    .where('stripe_customer_id', 'is', null)
    .execute();
  return (await findCustomer(tx, key))?.stripe_customer_id ?? customerId;
}

/** Marks the customers of a workspace, which has another owner now. */
export const markStale = (tx: BillingTx, workspaceId: string): Promise<CustomerRow[]> =>
  tx
    .updateTable('customer')
    .set({ stale: true })
    .where('workspace_id', '=', workspaceId)
    .returningAll()
    .execute();

export async function storeOwner(tx: BillingTx, key: CustomerKey, owner: Owner): Promise<void> {
  await tx
    .updateTable('customer')
    .set({ user_id: owner.userId, email: owner.email, name: owner.name, stale: false })
    .where('stripe_account_id', '=', key.accountId)
    .where('workspace_id', '=', key.workspaceId)
    .execute();
}
