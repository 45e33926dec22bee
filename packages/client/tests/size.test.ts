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

test('one service with its transport is within 60 kB, compressed', async () => {
  const size = await bundled(`
    import { createClient } from '@connectrpc/connect';
    import { createConnectTransport } from '@connectrpc/connect-web';
    import { OrderService } from '@cnap/proto/cnap/billing/v1/order_service';
    const orders = createClient(OrderService, createConnectTransport({ baseUrl: location.origin }));
    console.log(await orders.listOrders({}));`);
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
