import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { BillingTables, SellerAccountRow } from '../database.ts';
import type { AccountSeen } from './port.ts';

type BillingTx = Tx<BillingTables>;

/** The row of a workspace, which may not have its account yet. */
export const findSellerAccount = (
  tx: BillingTx,
  workspaceId: string,
): Promise<SellerAccountRow | undefined> =>
  tx.selectFrom('seller_account').selectAll().where('workspace_id', '=', workspaceId).executeTakeFirst();

/** Whose account it is. */
export async function sellerOf(tx: BillingTx, stripeAccountId: string): Promise<string | undefined> {
  const row = await tx
    .selectFrom('seller_account')
    .select('workspace_id')
    .where('stripe_account_id', '=', stripeAccountId)
    .executeTakeFirst();
  return row?.workspace_id;
}

/** Inserts the row unless it is there; `isNew` says which. */
export async function claimSellerAccount(
  tx: BillingTx,
  workspaceId: string,
  traceparent: string | undefined,
): Promise<{ row: SellerAccountRow; isNew: boolean }> {
  const inserted = await tx
    .insertInto('seller_account')
    .values({
      workspace_id: workspaceId,
      charges_enabled: false,
      payouts_enabled: false,
      details_submitted: false,
      version: 1,
      traceparent: traceparent ?? null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (inserted) return { row: inserted, isNew: true };
  const row = await tx
    .selectFrom('seller_account')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirstOrThrow();
  return { row, isNew: false };
}

/**
 * Keeps what Stripe says. `changed` tells whether sellers can now do more, or less, than before, `connected` whether
 * there was no account.
 */
export async function storeAccountSeen(
  tx: BillingTx,
  workspaceId: string,
  seen: AccountSeen,
): Promise<{ row: SellerAccountRow; changed: boolean; connected: boolean } | undefined> {
  const before = await tx
    .selectFrom('seller_account')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .forUpdate()
    .executeTakeFirst();
  // Disconnected, or another account by now.
  if (!before || (before.stripe_account_id !== null && before.stripe_account_id !== seen.id))
    return undefined;
  const row = await tx
    .updateTable('seller_account')
    .set({
      stripe_account_id: seen.id,
      charges_enabled: seen.chargesEnabled,
      payouts_enabled: seen.payoutsEnabled,
      details_submitted: seen.detailsSubmitted,
      version: sql<number>`version + 1`,
      read_time: new Date(),
    })
    .where('workspace_id', '=', workspaceId)
    .returningAll()
    .executeTakeFirstOrThrow();
  const changed =
    before.charges_enabled !== row.charges_enabled || before.payouts_enabled !== row.payouts_enabled;
  return { row, changed, connected: before.stripe_account_id === null };
}

/** Forgets the account. The row stays, so that the versions of its facts go on rising. */
export const forgetAccount = (tx: BillingTx, workspaceId: string): Promise<SellerAccountRow> =>
  tx
    .updateTable('seller_account')
    .set({
      stripe_account_id: null,
      charges_enabled: false,
      payouts_enabled: false,
      details_submitted: false,
      version: sql<number>`version + 1`,
    })
    .where('workspace_id', '=', workspaceId)
    .returningAll()
    .executeTakeFirstOrThrow();

/** Ids of up to 10 products with prices and live orders that need the account. */
export async function sellerAccountUse(tx: BillingTx, workspaceId: string): Promise<string[]> {
  const products = await tx
    .selectFrom('product')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('deleted', '=', false)
    .where(sql<boolean>`cardinality(stripe_price_ids) > 0`)
    .limit(10)
    .execute();
  const orders = await tx
    .selectFrom('orders')
    .select('id')
    .where('seller_workspace_id', '=', workspaceId)
    .where('payment_mode', '<>', 'free')
    .where('state', 'in', ['open', 'authorized', 'deploying', 'fulfilled', 'suspended', 'compensating'])
    .limit(10)
    .execute();
  return [...products, ...orders].map(({ id }) => id).slice(0, 10);
}
