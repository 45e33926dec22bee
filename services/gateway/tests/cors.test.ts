// Pages of other sites: those that the configuration names may call the API, the others may not.
import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, describe, expect, test } from 'vitest';
import { startTestGateway } from './test-gateway.ts';

const origin = 'https://console.example.com';
const gateway = await startTestGateway({}, { CNAP_CORS_ORIGINS: `${origin},https://other.example.com` });
const closed = await startTestGateway();
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
});

const preflight = (url: string, from: string, path: string) =>
  fetch(url + path, {
    method: 'OPTIONS',
    headers: {
      origin: from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,connect-protocol-version',
    },
  });

describe.each(['/cnap.clusters.v1.RegionService/GetRegion', '/v1/regions', '/v1/openapi.json'])(
  '%s',
  (path) => {
    test('a preflight of a known origin is answered, of another it is not', async () => {
      const answer = await preflight(gateway.url, origin, path);
      expect(answer.status).toBe(204);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': expect.stringContaining('PATCH'),
        'access-control-allow-headers': expect.stringContaining('authorization'),
        vary: expect.stringContaining('origin'),
      });
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
      for (const [url, from] of [
        [gateway.url, 'https://evil.example.com'],
        [gateway.url, 'https://console.example.com.evil.com'],
        [gateway.url, 'null'],
        [closed.url, origin],
      ] as const) {
        expect((await preflight(url, from, path)).headers.get('access-control-allow-origin')).toBeNull();
      }
    });
  },
);

test.each(['application/json', 'application/grpc-web+proto'])(
  'an answer to %s may be read, with its headers',
  async (type) => {
    const answer = await fetch(`${gateway.url}/cnap.clusters.v1.RegionService/GetRegion`, {
      method: 'POST',
      headers: { origin, 'content-type': type },
      body: type === 'application/json' ? '{}' : new Uint8Array(5),
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-expose-headers')).toContain('grpc-status');
    await answer.text();
  },
);

test('over HTTP/2, too', async () => {
  const session = connect(gateway.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/cnap.clusters.v1.RegionService/GetRegion',
    'content-type': 'application/json',
    authorization: 'Bearer owner',
    origin,
  });
  stream.end('{}');
  const [headers] = (await once(stream, 'response')) as [Record<string, string>];
  session.destroy();
  expect(headers['access-control-allow-origin']).toBe(origin);
});

test('sign-in, which goes by cookies, is for our own pages', async () => {
  const answer = await preflight(gateway.url, origin, '/api/auth/sign-in/email');
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
});
