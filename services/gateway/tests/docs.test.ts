import { gunzipSync } from 'node:zlib';
import { request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterAll, expect, test } from 'vitest';
import { startTestGateway } from './test-gateway.ts';

const gateway = await startTestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());

test('GET /v1/openapi.json is the document, at the public URL, and is asked for once', async () => {
  const answer = await fetch(`${gateway.url}/v1/openapi.json`);
  expect(answer.headers.get('content-type')).toBe('application/json');
  const document = (await answer.json()) as { openapi: string; servers: { url: string }[]; paths: object };
  expect(document.openapi).toBe('3.1.0');
  expect(document.servers[0]?.url).toMatch(/^http/);
  expect(Object.keys(document.paths).length).toBeGreaterThan(40);
  const etag = answer.headers.get('etag') ?? '';
  const again = await fetch(`${gateway.url}/v1/openapi.json`, { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
});

test('it is compressed for who takes that', async () => {
  const asked = request(`${gateway.url}/v1/openapi.json`, { headers: { 'accept-encoding': 'gzip' } }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  expect(answer.headers['content-encoding']).toBe('gzip');
  const packed = Buffer.concat(await answer.toArray());
  expect(packed.length).toBe(Number(answer.headers['content-length']));
  expect(JSON.parse(gunzipSync(packed).toString())).toMatchObject({ openapi: '3.1.0' });
});

test.each([
  '/docs',
  '/docs/grpc',
  '/docs/viewer.js',
  '/docs/viewer.css',
  '/docs/start.js',
  '/docs/style.css',
])('%s is served under a strict policy', async (path) => {
  const answer = await fetch(gateway.url + path);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  expect(answer.headers.get('content-security-policy')).toContain("script-src 'self';");
  expect((await answer.text()).length).toBeGreaterThan(100);
  expect((await fetch(gateway.url + path, { method: 'POST' })).status).toBe(405);
  const head = await fetch(gateway.url + path, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('the gRPC reference names every public method and no internal one', async () => {
  const text = await (await fetch(`${gateway.url}/docs/grpc`)).text();
  expect(text).toContain('cnap.clusters.v1.RegionService.CreateRegion');
  expect(text).toContain('REGION_ALREADY_EXISTS');
  expect(text).not.toContain('ResolveCaller');
});
