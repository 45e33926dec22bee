// Plain unary calls do not go through the protocol layer. Nobody can tell: each request is sent plainly, and
// once more with a header that says nothing but makes the layer answer it.
import { once } from 'node:events';
import { connect } from 'node:http2';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { create, toBinary } from '@bufbuild/protobuf';
import { Code, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { DomainError } from '@cnap/errors';
import { GetWorkspaceRequestSchema, WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { callerOf } from '../src/index.ts';
import { errorOf, startTestServer, token, wsId } from './test-server.ts';

const long = 'x'.repeat(5_000);
const server = await startTestServer(
  {
    getWorkspace({ id }, context) {
      context.responseHeader.set('x-answer', context.requestHeader.get('x-question') ?? 'none');
      context.responseTrailer.set('x-last', callerOf(context).kind);
      return { workspace: { id, name: `${new URL(context.url).pathname} ${context.requestMethod}` } };
    },
    listWorkspaces: () => ({ workspaces: [{ id: wsId, name: long }] }),
    deleteWorkspace() {
      throw new DomainError('failed-precondition', 'WORKSPACE_IN_USE', 'Not now.', {
        metadata: { retryAfterSeconds: '3' },
        suggestion: 'Later.',
      });
    },
    updateWorkspace() {
      throw new TypeError('a defect');
    },
  },
  { maxMessageBytes: 10_000 },
);
afterAll(() => server[Symbol.asyncDispose]());

const json = { 'content-type': 'application/json' };
const binary = { 'content-type': 'application/proto' };
const owner = { authorization: token('owner') };
const inBinary = Buffer.from(
  toBinary(GetWorkspaceRequestSchema, create(GetWorkspaceRequestSchema, { id: wsId })),
);

type Sent = { method?: string; headers?: Record<string, string>; body?: string | Buffer };

const requests: Record<string, Sent> = {
  'in JSON': { headers: { ...json, ...owner, 'x-question': 'why' }, body: JSON.stringify({ id: wsId }) },
  'in binary': { headers: { ...binary, ...owner }, body: inBinary },
  'an empty answer': { method: 'CreateWorkspace', headers: { ...json, ...owner }, body: '{"name":"a"}' },
  'a long answer': { method: 'ListWorkspaces', headers: { ...json, ...owner }, body: '{}' },
  'a short deadline': { headers: { ...json, ...owner, 'connect-timeout-ms': '5000' }, body: '{"id":""}' },
  'JSON that is none': { headers: { ...json, ...owner }, body: '{"id":' },
  'JSON of another type': { headers: { ...json, ...owner }, body: '{"id":7}' },
  'a field that is unknown': { headers: { ...json, ...owner }, body: '{"identity":"x"}' },
  'bytes that are no message': { headers: { ...binary, ...owner }, body: Buffer.from([0, 1, 2]) },
  'no body, in binary': { headers: { ...binary, ...owner }, body: '' },
  'no body, in JSON': { headers: { ...json, ...owner }, body: '' },
  'a field that is not valid': { headers: { ...json, ...owner }, body: '{"id":"ws_1"}' },
  'text that cannot be stored': {
    method: 'CreateWorkspace',
    headers: { ...json, ...owner },
    body: '{"name":"a\\u0000"}',
  },
  'two idempotency keys': {
    method: 'CreateWorkspace',
    headers: { ...json, ...owner, 'idempotency-key': 'a' },
    body: '{"name":"a","requestId":"b"}',
  },
  'nobody knows the caller': {
    headers: { ...json, authorization: token('nobody') },
    body: JSON.stringify({ id: wsId }),
  },
  'no caller': { headers: json, body: JSON.stringify({ id: wsId }) },
  'a refusal': {
    method: 'DeleteWorkspace',
    headers: { ...json, ...owner },
    body: JSON.stringify({ id: wsId }),
  },
  'not made yet': {
    method: 'TransferWorkspace',
    headers: { ...json, ...owner },
    body: JSON.stringify({ id: wsId, userId: `usr_${'0'.repeat(26)}` }),
  },
  'too large': { headers: { ...json, ...owner }, body: JSON.stringify({ id: 'x'.repeat(20_000) }) },
};

/** The same request over gRPC and gRPC-Web, where they have anything to say to it. */
const frame = (content: Buffer, flags = 0): Buffer => {
  const head = Buffer.from([flags, 0, 0, 0, 0]);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
};
const grpcBodies: Record<string, Buffer> = {
  'a message': frame(inBinary),
  'no message': Buffer.alloc(0),
  'an empty message': frame(Buffer.alloc(0)),
  'two messages': Buffer.concat([frame(inBinary), frame(inBinary)]),
  'half a message': frame(inBinary).subarray(0, 20),
  'half a prefix': Buffer.from([0, 0]),
  'a message that is none': frame(Buffer.from([0, 1, 2])),
  'a compressed message that is not said to be': frame(inBinary, 1),
  'too large a message': frame(Buffer.alloc(20_000)),
};
const grpcTypes = {
  gRPC: { 'content-type': 'application/grpc', te: 'trailers' },
  'gRPC-Web': { 'content-type': 'application/grpc-web+proto' },
};

const shown =
  /^(content-(type|length|encoding)|x-(answer|request-id)|trailer-.*|retry-after|grpc-.*|x-last)$/;

async function http1({ method = 'GetWorkspace', headers, body }: Sent, more: Record<string, string>) {
  const answer = await fetch(`${server.url}/cnap.identity.v1.WorkspaceService/${method}`, {
    method: 'POST',
    headers: { 'x-request-id': 'req_mine', ...headers, ...more },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  const head = Object.fromEntries([...answer.headers].filter(([name]) => shown.test(name)));
  return { status: answer.status, head, body: Buffer.from(await answer.arrayBuffer()).toString('latin1') };
}

async function http2({ method = 'GetWorkspace', headers, body }: Sent, more: Record<string, string>) {
  const session = connect(server.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': `/cnap.identity.v1.WorkspaceService/${method}`,
    'x-request-id': 'req_mine',
    ...headers,
    ...more,
  });
  const chunks: Buffer[] = [];
  let head: Record<string, unknown> = {};
  stream.on('response', (answered) => (head = answered)).on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('trailers', (trailers) => (head = { ...head, ...trailers }));
  stream.end(body);
  await once(stream, 'close');
  session.destroy();
  const kept = Object.fromEntries(Object.entries(head).filter(([name]) => shown.test(name)));
  return { status: head[':status'], head: kept, body: Buffer.concat(chunks).toString('latin1') };
}

describe.each([
  ['HTTP/1.1', http1],
  ['HTTP/2', http2],
])('%s', (_, send) => {
  test.each(Object.entries(requests))('%s', async (_name, sent) => {
    const plain = await send(sent, {});
    const byTheLayer = await send(sent, { 'content-encoding': 'identity' });
    const telling = ({ body, ...rest }: typeof plain) => ({
      ...rest,
      // How large it is, is said in other words.
      body: plain.status === 429 ? '' : body,
      head: plain.status === 429 ? { ...rest.head, 'content-length': '' } : rest.head,
    });
    expect(telling(plain)).toEqual(telling(byTheLayer));
    expect(plain.head).toMatchObject({ 'x-request-id': 'req_mine' });
  });

  test('compressed where the client takes that', async () => {
    const sent = requests['a long answer'] ?? {};
    for (const accept of ['gzip', 'deflate, gzip, br', 'br', 'identity', 'gzip;q=0']) {
      const plain = await send(sent, { 'accept-encoding': accept });
      const byTheLayer = await send(sent, { 'accept-encoding': accept, 'content-encoding': 'identity' });
      expect(plain).toEqual(byTheLayer);
    }
  });
});

/** Without what errors say in other words, or need not say: how large a message is, what answers are compressed with. */
function withoutWords({ status, head, body }: Awaited<ReturnType<typeof http2>>) {
  const { 'grpc-encoding': encoding, ...rest } = head;
  const isGood = head['grpc-status'] === '0' || body.includes('grpc-status: 0');
  const words = /(the%20message|message%20size%20\d+)%20is%20larger[\w%]*/g;
  const text = JSON.stringify([rest, body.slice(5)]).replaceAll(words, 'too large');
  return { status, text, encoding: isGood ? encoding : '' };
}

describe.each(Object.entries(grpcTypes))('%s', (_, type) => {
  test.each(Object.entries(grpcBodies))('%s', async (name, body) => {
    for (const [method, more] of [
      ['GetWorkspace', owner],
      ['GetWorkspace', {}],
      ['ListWorkspaces', { ...owner, 'grpc-accept-encoding': 'identity,deflate,gzip' }],
      ['DeleteWorkspace', { ...owner, 'grpc-timeout': '5S' }],
      ['UpdateWorkspace', { ...owner, 'grpc-timeout': 'soon' }],
    ] as const) {
      // Which of two things that are wrong is told first, is nobody's business.
      if (name === 'two messages' && method === 'ListWorkspaces') continue;
      const sent = { method, headers: { ...type, ...more }, body };
      const plain = await http2(sent, {});
      const byTheLayer = await http2(sent, { 'content-encoding': 'identity' });
      expect(withoutWords(plain)).toEqual(withoutWords(byTheLayer));
    }
  });
});

test('a long answer is compressed, a short one is not', async () => {
  const packed = await http2(requests['a long answer'] ?? {}, { 'accept-encoding': 'gzip' });
  expect(packed.head).toMatchObject({ 'content-encoding': 'gzip' });
  expect(gunzipSync(Buffer.from(packed.body, 'latin1')).toString()).toContain(long);
  const short = await http2(requests['in JSON'] ?? {}, { 'accept-encoding': 'gzip' });
  expect(short.head).not.toHaveProperty('content-encoding');
});

test.each(['1.1', '2'] as const)('who leaves aborts the call, over HTTP/%s', async (httpVersion) => {
  const begun = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  await using own = await startTestServer({
    getWorkspace(_request, { signal }) {
      signal.addEventListener('abort', () => aborted.resolve(signal.reason));
      begun.resolve();
      return Promise.withResolvers<never>().promise;
    },
  });
  const client = createClient(WorkspaceService, createConnectTransport({ httpVersion, baseUrl: own.url }));
  const leave = new AbortController();
  const call = errorOf(client.getWorkspace({ id: wsId }, { headers: owner, signal: leave.signal }));
  await begun.promise;
  leave.abort();
  expect((await call).code).toBe(Code.Canceled);
  expect(await aborted.promise).toMatchObject({ code: Code.Canceled });
});

test('a call that is over has an aborted signal, whoever asks late', async () => {
  const signals: (() => AbortSignal)[] = [];
  await using own = await startTestServer({
    getWorkspace({ id }, context) {
      signals.push(() => context.signal);
      return { workspace: { id } };
    },
  });
  const client = createClient(
    WorkspaceService,
    createConnectTransport({ httpVersion: '2', baseUrl: own.url }),
  );
  await client.getWorkspace({ id: wsId }, { headers: owner });
  expect(signals[0]?.().aborted).toBe(true);
});

test.each(['well', 'badly'])('nothing is kept of a call that ended %s', async (how) => {
  const contexts: WeakRef<object>[] = [];
  await using own = await startTestServer({
    getWorkspace({ id }, context) {
      contexts.push(new WeakRef(context));
      if (how === 'badly') throw new DomainError('not-found', 'WORKSPACE_NOT_FOUND', 'There is none.');
      return { workspace: { id } };
    },
  });
  const client = createClient(
    WorkspaceService,
    createConnectTransport({ httpVersion: '2', baseUrl: own.url }),
  );
  for (let call = 0; call < 50; call += 1)
    await client.getWorkspace({ id: wsId }, { headers: owner }).catch(() => undefined);
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  await vi.waitFor(
    () => {
      collect();
      // Of the last ones something may be on its way yet.
      expect(contexts.filter((context) => context.deref() !== undefined).length).toBeLessThan(10);
    },
    { timeout: 30_000 },
  );
});
