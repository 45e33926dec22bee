import type { Tx } from '@cnap/postgres';
import { wake } from '@cnap/reconcile';
import { noteCluster } from '../cluster/store.ts';
import type { CatalogDatabase } from '../database.ts';
import { notePrice } from '../price/store.ts';
import type { Offer } from '../product/offer.ts';
import { noteRegion } from '../region/store.ts';
import { noteSeller } from '../seller/store.ts';

/** Keeps what was just found out about a product's clusters and prices, and has it looked at again from time to time. */
export async function rememberOffer(
  tx: Tx<CatalogDatabase>,
  workspaceId: string,
  offer: Offer,
): Promise<void> {
  for (const cluster of offer.clusters.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    await noteCluster(tx, cluster);
    await noteRegion(tx, { id: cluster.regionId, workspaceId, name: cluster.regionName });
  }
  for (const price of offer.prices.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
    await notePrice(tx, workspaceId, price);
  }
  if (offer.chargesEnabled !== undefined) await noteSeller(tx, workspaceId, offer.chargesEnabled);
  await wake(tx, 'clusters', workspaceId);
  await wake(tx, 'prices', workspaceId);
}
