import { randomBytes } from 'node:crypto';
import { connect } from 'node:http2';
import { request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { eventually } from '@cnap/testing';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { startTestGateway } from './test-gateway.ts';

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
const gateway = parts.use(await startTestGateway());
const impatient = parts.use(await startTestGateway({ webhookDeadlineMs: 1_500 }));
const { backends } = gateway;
const url = `${gateway.url}/webhooks/stripe`;
beforeEach(() => {
  backends.webhooks.length = 0;
  Object.assign(backends.answerWebhook, { status: 200, hang: false });
});
const post = (body: Uint8Array, headers: Record<string, string> = {}, to = url) =>
  fetch(to, {
    method: 'POST',
    headers: { 'stripe-signature': 't=1,v1=abc', 'content-type': 'application/json', ...headers },
    body: new Uint8Array(body),
  });

test('every byte and the signature arrive, and billing answers', async () => {
  const body = randomBytes(200_000);
  const response = await post(body, { authorization: 'Bearer x', 'x-cnap-client-address': '203.0.113.1' });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ received: true });
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const [webhook] = backends.webhooks;
  expect(webhook?.body.equals(body)).toBe(true);
  expect(webhook?.headers).toMatchObject({
    'stripe-signature': 't=1,v1=abc',
    'content-type': 'application/json',
  });
  expect(webhook?.headers).not.toHaveProperty('authorization');
  expect(webhook?.headers).not.toHaveProperty('x-cnap-client-address');
});

test('over HTTP/2 as well', async () => {
  const session = connect(gateway.url);
  const stream = session.request({ ':method': 'POST', ':path': '/webhooks/stripe', 'stripe-signature': 's' });
  stream.end('{"id":"evt_1"}');
  const [head] = (await once(stream, 'response')) as [Record<string, unknown>];
  expect(head[':status']).toBe(200);
  stream.resume();
  await once(stream, 'close');
  session.close();
  expect(backends.webhooks[0]?.body.toString()).toBe('{"id":"evt_1"}');
});

test.each([400, 413, 503])("billing's %d is passed on", async (status) => {
  backends.answerWebhook.status = status;
  expect((await post(Buffer.from('{}'))).status).toBe(status);
});

test('a body of exactly 1 MiB passes, one byte more does not', async () => {
  expect((await post(Buffer.alloc(1024 * 1024))).status).toBe(200);
  expect(backends.webhooks[0]?.body.byteLength).toBe(1024 * 1024);
  const response = await post(Buffer.alloc(1024 * 1024 + 1));
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ error: { code: 'BODY_TOO_LARGE' } });
  expect(backends.webhooks).toHaveLength(1);
});

test('only POST is taken', async () => {
  const response = await fetch(url);
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('POST');
});

test('a billing that hangs is 503 after the deadline', async () => {
  impatient.backends.answerWebhook.hang = true;
  const response = await post(Buffer.from('{}'), {}, `${impatient.url}/webhooks/stripe`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ error: { code: 'UNAVAILABLE' } });
});

test('a sender that never finishes is told 408 and cut off', async () => {
  const slow = httpRequest(`${impatient.url}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'content-length': '100' },
  });
  slow.on('error', () => undefined);
  slow.write('{');
  const [response] = (await once(slow, 'response')) as [{ statusCode: number; resume(): void }];
  expect(response.statusCode).toBe(408);
  response.resume();
  await eventually(() => slow.socket?.destroyed === true);
  expect(impatient.backends.webhooks.filter(({ hang }) => !hang)).toEqual([]);
});
