import type { Database } from '@cnap/postgres';
import type { BillingTables, SellerAccountRow } from '../database.ts';
import type { Accounts } from './port.ts';
import { claimSellerAccount } from './store.ts';
import { keepAccount } from './sync.ts';

export type ConnectedAccount = SellerAccountRow & { stripe_account_id: string };

/**
 * The workspace's account, made if there is none. The row comes first, so that after a crash the next call knows
 * that an account may have been made already, and looks for it: Stripe forgets the key after a day.
 */
export async function connectedAccount(
  { db, accounts }: { db: Database<BillingTables>; accounts: Accounts },
  workspaceId: string,
  traceparent: string | undefined,
): Promise<ConnectedAccount> {
  const { row, isNew } = await db.inWorkspace(workspaceId, (tx) =>
    claimSellerAccount(tx, workspaceId, traceparent),
  );
  if (isConnected(row)) return row;
  const earlier = isNew ? undefined : await accounts.findFor(workspaceId, row.create_time);
  const account = earlier ?? (await accounts.create(workspaceId));
  const stored = await keepAccount((work) => db.inWorkspace(workspaceId, work), workspaceId, account);
  if (!stored || !isConnected(stored)) throw new Error(`the account of ${workspaceId} was not stored`);
  return stored;
}

const isConnected = (row: SellerAccountRow): row is ConnectedAccount => row.stripe_account_id !== null;
