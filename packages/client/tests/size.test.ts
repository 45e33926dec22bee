// What a page that uses one service loads.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const budget = 60_000;

async function bundled(contents: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  });
  return gzipSync(outputFiles[0]?.contents ?? expect.fail('nothing was bundled')).length;
}

test.each([
  ['billing/v1/order_service', 'OrderService'],
  ['clusters/v1/cluster_service', 'ClusterService'],
  ['installer/v1/install_service', 'InstallService'],
])('%s with its transport is within 60 kB, compressed', async (file, service) => {
  const size = await bundled(`
    import { createServiceClient } from '../src/index.ts';
    import { ${service} } from '@cnap/proto/cnap/${file}';
    console.log(createServiceClient(${service}, { baseUrl: location.origin }));`);
  expect(size).toBeGreaterThan(10_000);
  expect(size).toBeLessThanOrEqual(budget);
});

test('the whole client, all services, is within twice that', async () => {
  const size = await bundled(`
    import { createCnapClient, pages } from '../src/index.ts';
    const cnap = createCnapClient({ baseUrl: location.origin });
    for await (const order of pages(cnap.orders.listOrders, {})) console.log(order.id);`);
  expect(size).toBeLessThanOrEqual(2 * budget);
});
