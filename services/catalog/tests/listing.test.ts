import { create } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import { PriceEventSchema } from '@cnap/proto/cnap/billing/v1/price_event';
import { SellerEventSchema } from '@cnap/proto/cnap/billing/v1/seller_event';
import type { Listing } from '@cnap/proto/cnap/catalog/v1/listing';
import { Visibility } from '@cnap/proto/cnap/catalog/v1/product';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { RegionEventSchema } from '@cnap/proto/cnap/clusters/v1/region_event';
import { eventually, expectError } from '@cnap/testing';
import { Code } from '@connectrpc/connect';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPublisher } from './facts.ts';
import { monthly } from './peers.ts';
import { startTestCatalog, type TestCatalog, withPrices } from './test-catalog.ts';

let catalog: TestCatalog;
let templateId: string;
beforeAll(async () => {
  catalog = await startTestCatalog();
  ({ templateId } = await catalog.aTemplate());
});
afterAll(() => catalog[Symbol.asyncDispose]());

const offer = async (change: object = {}) => {
  const { product } = await catalog.as('owner').products.createProduct({
    name: 'Shop',
    templateId,
    clusterIds: [catalog.aCluster().id],
    visibility: Visibility.PUBLIC,
    ...change,
  });
  return product!.id;
};
const listingOf = async (id: string): Promise<Listing> =>
  (await catalog.asAnybody().listings.getListing({ id })).listing!;

test('what can be seen and sold', async () => {
  const { listings } = catalog.asAnybody();
  const hidden = await offer({ visibility: Visibility.PRIVATE });
  await expectError(listings.getListing({ id: hidden }), Code.NotFound, 'LISTING_NOT_FOUND');
  await expectError(listings.getListing({ id: newId('prd') }), Code.NotFound, 'LISTING_NOT_FOUND');

  const unlisted = await offer({ visibility: Visibility.UNLISTED });
  const listed = await offer({ showSources: true });
  expect(await listingOf(unlisted)).toMatchObject({ sellable: true, prices: [], sources: [] });
  expect(await listingOf(listed)).toMatchObject({ sellable: true, sources: ['shop 1.0.0'] });
  const { listings: all } = await listings.listListings({ sellerWorkspaceId: catalog.keys.workspaceId });
  expect(all.map(({ id }) => id)).toContain(listed);
  expect(all.map(({ id }) => id)).not.toContain(unlisted);
  expect(all.map(({ id }) => id)).not.toContain(hidden);
  const { listings: others } = await listings.listListings({
    sellerWorkspaceId: catalog.keys.strangerWorkspaceId,
  });
  expect(others).toEqual([]);

  await catalog.as('owner').products.retireProduct({ id: listed });
  expect((await listingOf(listed)).sellable).toBe(false);
  const { listings: left } = await listings.listListings({});
  expect(left.map(({ id }) => id)).not.toContain(listed);
});

test('nothing can be sold before it is built, nor for money by who cannot take it', async () => {
  catalog.repository.publish('broken', '1.0.0', { 'templates/config.yaml': '{{ fail "no" }}' });
  const broken = await catalog.aTemplate([{ chart: 'broken' }]);
  expect((await listingOf(await offer({ templateId: broken.templateId }))).sellable).toBe(false);
  withPrices(catalog, ['price_off'], false);
  expect(await listingOf(await offer({ stripePriceIds: ['price_off'] }))).toMatchObject({
    sellable: false,
    prices: [{ stripePriceId: 'price_off' }],
  });
});

test('words are found in name and description, from their beginning, in pages', async () => {
  const { listings } = catalog.asAnybody();
  const ids = [
    await offer({ name: 'Wiki.js Köln', description: 'Notes for a team' }),
    await offer({ name: 'Notes', description: 'A wiki, too' }),
    await offer({ name: 'Mail', description: "it's 100% mail" }),
  ];
  const found = async (query: string) => {
    const { listings: rows } = await listings.listListings({ query });
    return rows.map(({ id }) => ids.indexOf(id)).filter((index) => index >= 0);
  };
  expect(await found('wiki')).toEqual([1, 0]);
  expect(await found('WIKI notes')).toEqual([1, 0]);
  expect(await found('js')).toEqual([0]);
  expect(await found('köl')).toEqual([0]);
  expect(await found('team mail')).toEqual([]);
  expect(await found("it's | 100% & !:* '")).toEqual([2]);
  expect(await found('!!!')).toEqual([]);
  const first = await listings.listListings({ query: 'wiki', pageSize: 1 });
  const second = await listings.listListings({ query: 'wiki', pageSize: 1, pageToken: first.nextPageToken });
  expect([first, second].map((page) => page.listings[0]?.id)).toEqual([ids[1], ids[0]]);
  expect(second.nextPageToken).toBe('');
  await expectError(
    listings.listListings({ pageToken: 'nonsense' }),
    Code.InvalidArgument,
    'PAGE_TOKEN_INVALID',
  );
});

test('facts of clusters, regions, prices and sellers reach listings; older ones change nothing', async () => {
  const { workspaceId } = catalog.keys;
  const cluster = catalog.aCluster({ regionName: 'Frankfurt' });
  withPrices(catalog, ['price_x']);
  const id = await offer({ clusterIds: [cluster.id], stripePriceIds: ['price_x'] });
  await using clusters = await startPublisher(catalog, 'clusters');
  await using billing = await startPublisher(catalog, 'billing');
  const region = (fact: string, version: number, name: string) =>
    clusters.publish({
      resource: 'region',
      fact,
      id: cluster.regionId,
      version,
      schema: RegionEventSchema,
      message: create(RegionEventSchema, {
        regionId: cluster.regionId,
        workspaceId,
        name,
        icon: '🇩🇪',
        country: 'DE',
      }),
    });
  const clusterIs = (fact: string, version: number, state: ClusterState) =>
    clusters.publish({
      resource: 'cluster',
      fact,
      id: cluster.id,
      version,
      schema: ClusterEventSchema,
      message: create(ClusterEventSchema, {
        clusterId: cluster.id,
        workspaceId,
        regionId: cluster.regionId,
        state,
      }),
    });
  const price = (version: number, change: object) =>
    billing.publish({
      resource: 'price',
      fact: 'updated',
      id: 'price_x',
      version,
      schema: PriceEventSchema,
      message: create(PriceEventSchema, { workspaceId, price: monthly('price_x', change) }),
    });
  const seller = (fact: string, version: number) =>
    billing.publish({
      resource: 'seller',
      fact,
      id: workspaceId,
      version,
      schema: SellerEventSchema,
      message: create(SellerEventSchema, { workspaceId, chargesEnabled: fact === 'enabled' }),
    });
  const shows = (expected: object) =>
    eventually(async () => expect(await listingOf(id)).toMatchObject(expected));

  await region('updated', 4, 'Frankfurt am Main');
  await shows({ regions: [{ name: 'Frankfurt am Main', icon: '🇩🇪', country: 'DE', available: true }] });
  await region('updated', 3, 'Old');
  await clusterIs('unreachable', 7, ClusterState.UNREACHABLE);
  await shows({ regions: [{ name: 'Frankfurt am Main', available: false }] });
  await clusterIs('running', 6, ClusterState.RUNNING);
  await price(2, { unitAmount: 1200n });
  await shows({ sellable: true, prices: [{ unitAmount: 1200n }], regions: [{ available: false }] });
  await price(3, { active: false });
  await shows({ sellable: false, prices: [] });
  await price(4, {});
  await seller('disabled', 5);
  await shows({ sellable: false, prices: [{ unitAmount: 900n }] });
  await seller('enabled', 6);
  await shows({ sellable: true });
  await clusterIs('deleted', 8, ClusterState.DELETING);
  await shows({ regions: [] });
});

test('a fact that was lost costs time only', async () => {
  const cluster = catalog.aCluster();
  withPrices(catalog, ['price_y']);
  const id = await offer({ clusterIds: [cluster.id], stripePriceIds: ['price_y'] });
  expect(await listingOf(id)).toMatchObject({ sellable: true, regions: [{ available: true }] });
  // Nobody says so, and then the time has come to look.
  cluster.state = ClusterState.UNREACHABLE;
  withPrices(catalog, []);
  const { db } = catalog.database;
  await db.acrossWorkspaces(async (tx) => {
    await sql`update cluster set refresh_time = now() - interval '1 day'`.execute(tx);
    await sql`update price set refresh_time = now() - interval '1 day'`.execute(tx);
    await sql`update reconcile_task set due_at = now() where kind in ('clusters', 'prices')`.execute(tx);
  });
  await eventually(async () =>
    expect(await listingOf(id)).toMatchObject({
      sellable: false,
      prices: [],
      regions: [{ available: false }],
    }),
  );
});
