import { done, type Reconcile } from '@cnap/reconcile';
import type { CustomerDeps } from './ensure.ts';
import { findCustomer, storeOwner } from './store.ts';

/** The key of a customer in the reconcile queue. */
export const customerTask = (accountId: string, workspaceId: string): string => `${accountId}/${workspaceId}`;

/** Reconciles `customer`: Stripe gets to know the workspace's new owner. */
export const customerReconciler =
  ({ db, customers, owners }: CustomerDeps): Reconcile =>
  async ({ key, write }) => {
    const [accountId = '', workspaceId = ''] = key.split('/');
    const row = await db.acrossWorkspaces((tx) => findCustomer(tx, { accountId, workspaceId }));
    if (!row?.stale) return done;
    const owner = await owners.ownerOf(workspaceId);
    if (row.stripe_customer_id !== null) {
      await customers.update(accountId, row.stripe_customer_id, workspaceId, owner);
    }
    await write((tx) => storeOwner(tx, { accountId, workspaceId }, owner));
    return done;
  };
