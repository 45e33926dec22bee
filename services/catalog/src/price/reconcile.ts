import type { Database, Tx } from '@cnap/postgres';
import { done, type Reconcile, requeueAfter } from '@cnap/reconcile';
import type { CatalogDatabase } from '../database.ts';
import type { PriceDirectory } from '../product/ports.ts';
import { noteSeller } from '../seller/store.ts';
import { notePrice, notePricesGone, pricesToRefresh } from './store.ts';

/** Each look costs the seller calls to Stripe. */
const restMs = 60 * 60_000;
const atOnce = 20;

/** Looks at the prices that a workspace sells for, so that a lost fact costs an hour. The key is the workspace. */
export const reconcilePrices =
  (deps: { db: Database<CatalogDatabase>; prices: PriceDirectory }): Reconcile =>
  async ({ key: workspaceId, signal, write }) => {
    const state = await deps.db.acrossWorkspaces(async (tx) => ({
      due: await pricesToRefresh(tx, workspaceId, restMs * 0.9, atOnce),
      any: await pricesToRefresh(tx, workspaceId, 0, 1),
    }));
    if (state.due.length === 0) return state.any.length === 0 ? done : requeueAfter(restMs);
    const answer = await deps.prices.prices(workspaceId, state.due, signal);
    const found = answer?.prices ?? [];
    await write(async (tx: Tx<CatalogDatabase>) => {
      for (const price of found) await notePrice(tx, workspaceId, price);
      await notePricesGone(
        tx,
        workspaceId,
        state.due.filter((id) => !found.some((price) => price.id === id)),
      );
      await noteSeller(tx, workspaceId, answer?.chargesEnabled ?? false);
    });
    return requeueAfter(state.due.length < atOnce ? restMs : 0);
  };
