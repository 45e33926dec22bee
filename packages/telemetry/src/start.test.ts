import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { counter, currentTraceparent, span, startTelemetry, withTrace } from './index.ts';

/** An OTLP collector that keeps what it is sent. */
async function collector() {
  const received: { path: string; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString('utf8') });
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

test('without a collector nothing is loaded and spans still carry the trace', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', '');
  await using telemetry = startTelemetry('billing');
  await telemetry.ready;
  expect(await span('work', {}, async () => currentTraceparent())).toMatch(/^00-/);
  expect(() => counter('cnap.test').add(1)).not.toThrow();
});

test('spans and metrics reach the collector with their trace, and no secret does', async () => {
  const { url, received } = await collector();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', url);
  const orders = counter('cnap.orders');
  const seen: (string | undefined)[] = [];
  {
    await using telemetry = startTelemetry('billing');
    await telemetry.ready;
    const work = span('capture', { order: 'ord_1', note: 'sk_test_canary000' }, async () => {
      await withTrace(currentTraceparent(), () =>
        span('inner', {}, async () => void seen.push(currentTraceparent())),
      );
      orders.add(2, { state: 'FULFILLED' });
      throw new Error('refused with whsec_canary000');
    });
    await expect(work).rejects.toThrow('refused');
  }
  const spans = received
    .filter(({ path }) => path === '/v1/traces')
    .flatMap(({ body }) => JSON.parse(body).resourceSpans);
  const all = spans.flatMap((resource) =>
    resource.scopeSpans.flatMap((scope: { spans: object[] }) => scope.spans),
  );
  const capture = all.find((one) => one.name === 'capture');
  const inner = all.find((one) => one.name === 'inner');
  expect(capture.status).toMatchObject({ code: 2 });
  expect(inner.parentSpanId).toBe(capture.spanId);
  expect(seen[0]).toBe(`00-${inner.traceId}-${inner.spanId}-01`);
  expect(received.find(({ path }) => path === '/v1/metrics')?.body).toContain('cnap.orders');
  expect(JSON.stringify(received)).not.toContain('canary000');
});
