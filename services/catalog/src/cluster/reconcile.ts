import type { Database, Tx } from '@cnap/postgres';
import { done, type Reconcile, requeueAfter } from '@cnap/reconcile';
import type { CatalogDatabase } from '../database.ts';
import type { ClusterDirectory } from '../product/ports.ts';
import { noteRegion } from '../region/store.ts';
import { clustersToRefresh, noteCluster, noteClustersGone } from './store.ts';

const restMs = 5 * 60_000;
const atOnce = 100;

/** Looks at the clusters that a workspace offers, so that a lost fact costs minutes. The key is the workspace. */
export const reconcileClusters =
  (deps: { db: Database<CatalogDatabase>; clusters: ClusterDirectory }): Reconcile =>
  async ({ key: workspaceId, signal, write }) => {
    const state = await deps.db.acrossWorkspaces(async (tx) => ({
      due: await clustersToRefresh(tx, workspaceId, restMs * 0.9, atOnce),
      any: await clustersToRefresh(tx, workspaceId, 0, 1),
    }));
    if (state.due.length === 0) return state.any.length === 0 ? done : requeueAfter(restMs);
    const found = await deps.clusters.clusters(state.due, signal);
    await write(async (tx: Tx<CatalogDatabase>) => {
      for (const cluster of found) {
        await noteCluster(tx, cluster);
        await noteRegion(tx, {
          id: cluster.regionId,
          workspaceId: cluster.workspaceId,
          name: cluster.regionName,
        });
      }
      await noteClustersGone(
        tx,
        state.due.filter((id) => !found.some((cluster) => cluster.id === id)),
      );
    });
    return requeueAfter(state.due.length < atOnce ? restMs : 0);
  };
