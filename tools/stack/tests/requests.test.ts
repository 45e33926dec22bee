// Requests that were once answered INTERNAL; `npm run fuzz` looks for more.
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { OrderService } from '@cnap/proto/cnap/billing/v1/order_service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callRpc } from '../src/fuzz/answer.ts';
import { startPlatform, type Platform } from './platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

test.each([
  ['nothing', ''],
  ['the head of a frame', '\0\0\0\0\x1f'],
  ['two messages', '\0\0\0\0\0\0\0\0\0\0'],
  ['an end before any message', '\x02\0\0\0\x02{}'],
])('a stream is asked for with %s', async (_, body) => {
  const { token, workspace_id: workspaceId } = platform.sample.seller;
  for (const type of ['application/connect+json', 'application/connect+proto']) {
    const answer = await callRpc(platform.url, OrderService.method.watchOrder, bytes(body), {
      authorization: `Bearer ${token}`,
      'x-workspace-id': workspaceId,
      'content-type': type,
    });
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'invalid_argument' } });
  }
});

test('a token lives until the last nanosecond that a Timestamp can say', async () => {
  const { tokens } = platform.as('seller');
  const expireTime = { ...timestampFromDate(new Date('9999-12-31T23:59:59Z')), nanos: 999_999_999 };
  const { token } = await tokens.createToken({ name: 'Forever', expireTime });
  expect(token?.expireTime).toMatchObject({ seconds: expireTime.seconds, nanos: 999_000_000 });
  expect((await tokens.listTokens({})).tokens.map(({ id }) => id)).toContain(token?.id);
});
