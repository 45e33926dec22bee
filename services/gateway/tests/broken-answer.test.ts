// A service that goes away in the middle of an answer has not answered.
import { once } from 'node:events';
import { constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { startTestGateway } from './test-gateway.ts';

let breakOff: (stream: ServerHttp2Stream) => void;
const catalog = createServer()
  .on('session', (session) => session.on('error', () => undefined))
  .on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/proto' });
    // A whole field, so that what has arrived could be read.
    stream.write(Buffer.of(0x12, 1, 0x61), () => breakOff(stream));
  });
await once(catalog.listen(0, '127.0.0.1'), 'listening');
const { port } = catalog.address() as AddressInfo;
const gateway = await startTestGateway({}, { CNAP_CATALOG_URL: `http://127.0.0.1:${port}` });
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  catalog.close();
});

test.each([
  ['its connection is reset', ({ session }) => (session?.socket as Socket | undefined)?.resetAndDestroy()],
  ['its connection is closed', ({ session }) => session?.destroy()],
  ['its connection is left', ({ session }) => session?.destroy(undefined, constants.NGHTTP2_CANCEL)],
] satisfies [string, typeof breakOff][])('%s', async (_what, how) => {
  breakOff = how;
  const answer = await fetch(`${gateway.url}/v1/listings`);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ error: { details: { reason: 'SERVICE_UNAVAILABLE' } } });
});
