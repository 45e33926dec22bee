import { createCnapClient } from '@cnap/client';
import { OrderFilter } from '@cnap/proto/cnap/billing/v1/order_service';
import type { Platform } from '../platform.ts';

/** Something that people look at: how many rows it showed. */
export type List = { what: string; ask(): Promise<number> };

/** The lists and searches over what grows, as seller and buyer see them. */
export async function listsOf({ dev }: Platform, installId: string): Promise<List[]> {
  const as = ({ token, workspace_id: workspaceId }: Platform['dev']['seller']) =>
    createCnapClient({ baseUrl: dev.url, token, workspaceId });
  const [seller, buyer] = [as(dev.seller), as(dev.buyer)];
  const productId = dev.products.one_time;
  const rareProduct = `prd_${'1'.padStart(26, '0')}`;
  const clusterId = `clu_${'1'.padStart(26, '0')}`;
  const installs = async (who: typeof seller, request: Parameters<typeof seller.installs.listInstalls>[0]) =>
    (await who.installs.listInstalls(request)).installs.length;
  const orders = async (who: typeof seller, filter: OrderFilter) =>
    (await who.orders.listOrders({ filter })).orders.length;
  const entries = async (request: Parameters<typeof seller.auditEntries.listAuditEntries>[0]) =>
    (await seller.auditEntries.listAuditEntries(request)).auditEntries.length;
  const second = (await seller.installs.listInstalls({})).nextPageToken;
  return [
    { what: 'installs, seller', ask: () => installs(seller, {}) },
    { what: 'installs, seller, second page', ask: () => installs(seller, { pageToken: second }) },
    { what: 'installs, seller, deleted too', ask: () => installs(seller, { showDeleted: true }) },
    { what: 'installs, seller, of a product', ask: () => installs(seller, { productId }) },
    { what: 'installs, seller, of a rare product', ask: () => installs(seller, { productId: rareProduct }) },
    { what: 'installs, seller, on a cluster', ask: () => installs(seller, { clusterId }) },
    { what: 'installs, buyer', ask: () => installs(buyer, {}) },
    {
      what: 'releases of an install',
      ask: async () => (await seller.releases.listReleases({ installId })).releases.length,
    },
    { what: 'orders, seller', ask: () => orders(seller, OrderFilter.UNSPECIFIED) },
    { what: 'orders sold', ask: () => orders(seller, OrderFilter.SOLD) },
    { what: 'orders that are stuck', ask: () => orders(seller, OrderFilter.STUCK) },
    { what: 'orders bought', ask: () => orders(buyer, OrderFilter.BOUGHT) },
    { what: 'audit log', ask: () => entries({}) },
    { what: 'audit log of an install', ask: () => entries({ resourceId: installId }) },
    { what: 'audit log, a rare action', ask: () => entries({ action: 'identity.v1.token' }) },
    { what: 'products', ask: async () => (await seller.products.listProducts({})).products.length },
    { what: 'marketplace', ask: async () => (await buyer.listings.listListings({})).listings.length },
    {
      what: 'marketplace, search',
      ask: async () => (await buyer.listings.listListings({ query: 'sample' })).listings.length,
    },
  ];
}
