import { expect, test } from 'vitest';
import { PackageState, startTestCatalog, withPrices } from './test-catalog.ts';

test('a template is built, sold and listed', async () => {
  await using catalog = await startTestCatalog();
  const { templateId, package: built } = await catalog.aTemplate();
  expect([built.state, built.stateMessage, built.version]).toEqual([PackageState.READY, '', '1.0.0']);
  const cluster = catalog.aCluster();
  withPrices(catalog, ['price_1']);
  const { product } = await catalog.as('owner').products.createProduct({
    name: 'Shop',
    templateId,
    clusterIds: [cluster.id],
    stripePriceIds: ['price_1'],
  });
  const { listing } = await catalog.asAnybody().listings.getListing({ id: product!.id });
  expect(listing).toMatchObject({
    name: 'Shop',
    sellable: true,
    regions: [{ id: cluster.regionId, name: 'Frankfurt', available: true }],
    prices: [{ stripePriceId: 'price_1', unitAmount: 900n, interval: 'month' }],
  });
});
