import { DomainError } from '@cnap/errors';
import { publish } from '@cnap/events';
import type { Database, Tx } from '@cnap/postgres';
import { done, type Reconcile } from '@cnap/reconcile';
import type { BillingTables, SellerAccountRow } from '../database.ts';
import { sellerChanged, sellerConnected } from './event.ts';
import type { Accounts, AccountSeen } from './port.ts';
import { findSellerAccount, storeAccountSeen } from './store.ts';

type Deps = { db: Database<BillingTables>; accounts: Accounts };

/** How transactions are made: within a workspace, or by a reconciler that holds its lease. */
type Write = <T>(work: (tx: Tx<BillingTables>) => Promise<T>) => Promise<T>;

/** Webhooks keep accounts fresh; this long they are believed without looking, should one have been lost. */
const freshMs = 60_000;

/** The account as it is now; as it was last seen when Stripe cannot be reached. */
export async function refreshSellerAccount(
  { db, accounts }: Deps,
  row: SellerAccountRow,
): Promise<SellerAccountRow> {
  if (Date.now() - row.read_time.getTime() < freshMs && row.charges_enabled) return row;
  try {
    const write: Write = (work) => db.inWorkspace(row.workspace_id, work);
    return (await syncSellerAccount(accounts, write, row)) ?? row;
  } catch (error) {
    if (error instanceof DomainError && error.kind === 'unavailable') return row;
    throw error;
  }
}

/** Reconciles `seller-account` by workspace: something at Stripe changed. */
export const sellerAccountReconciler =
  ({ db, accounts }: Deps): Reconcile =>
  async ({ key, write }) => {
    const row = await db.acrossWorkspaces((tx) => findSellerAccount(tx, key));
    if (row) await syncSellerAccount(accounts, write, row);
    return done;
  };

/** Reads the account live and keeps what was found; one that is no longer connected cannot be charged. */
async function syncSellerAccount(
  accounts: Accounts,
  write: Write,
  row: SellerAccountRow,
): Promise<SellerAccountRow | undefined> {
  const { stripe_account_id: id, workspace_id: workspaceId } = row;
  if (id === null) return row;
  const lost: AccountSeen = {
    id,
    chargesEnabled: false,
    payoutsEnabled: false,
    detailsSubmitted: row.details_submitted,
  };
  return keepAccount(write, workspaceId, (await accounts.read(id)) ?? lost);
}

/** Keeps what Stripe said about an account, and publishes what it changes. */
export const keepAccount = (
  write: Write,
  workspaceId: string,
  seen: AccountSeen,
): Promise<SellerAccountRow | undefined> =>
  write(async (tx) => {
    const stored = await storeAccountSeen(tx, workspaceId, seen);
    if (stored?.connected) await publish(tx, sellerConnected(stored.row));
    else if (stored?.changed) await publish(tx, sellerChanged(stored.row));
    return stored?.row;
  });
