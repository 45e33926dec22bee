import { requeueAfter, wake, type Reconcile } from '@cnap/reconcile';
import type { Tx } from '../database.ts';
import { deleteExpired } from './store.ts';

const lookAgainMs = 3_600_000;

export const wakeCleaning = (tx: Tx): Promise<void> => wake(tx, 'expired-sign-in', 'all');

/** Removes sessions, links and codes that are over. */
export const reconcileExpired: Reconcile = async ({ write }) => {
  await write((tx) => deleteExpired(tx));
  return requeueAfter(lookAgainMs, 'removes what has expired every hour');
};
