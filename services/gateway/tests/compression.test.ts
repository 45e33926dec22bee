// Compressed answers and requests of every protocol, through the gateway.
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { Code, createClient } from '@connectrpc/connect';
import {
  compressionBrotli,
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { newId } from '@cnap/ids';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { expectError } from '@cnap/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestGateway } from './test-gateway.ts';

const gateway = await startTestGateway();
const session = connect(gateway.url);
afterAll(async () => {
  session.destroy();
  await gateway[Symbol.asyncDispose]();
});
const { backends, keys } = gateway;
const id = keys.workspaceId;
backends.credentials.set('owner-secret', keys.person('owner'));
const asOwner = { authorization: 'Bearer owner-secret', 'x-workspace-id': id };
const long = 'Engines and turbines. '.repeat(200);
beforeEach(() => {
  backends.answers.name = long;
  backends.answers.line = long;
  backends.lines.next = Promise.resolve();
});

const unpack = { gzip: gunzipSync, br: brotliDecompressSync };
const encodings = ['gzip', 'br'] as const;

/** What is on the wire, as it is. */
async function wire(path: string, headers: Record<string, string>, body?: Buffer) {
  const stream = session.request({ ':method': body ? 'POST' : 'GET', ':path': path, ...headers });
  const chunks: Buffer[] = [];
  let answered: IncomingHttpHeaders = {};
  stream.on('response', (head) => (answered = head)).on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('trailers', (trailers) => (answered = { ...answered, ...trailers }));
  if (body) stream.end(body);
  await once(stream, 'close');
  return { headers: answered, body: Buffer.concat(chunks) };
}

const enveloped = (message: Buffer, flags = 0): Buffer => {
  const head = Buffer.from([flags, 0, 0, 0, 0]);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};
/** The first message in an answer of envelopes. */
const firstIn = (body: Buffer) => ({
  isCompressed: (body.readUInt8(0) & 1) === 1,
  content: body.subarray(5, 5 + body.readUInt32BE(1)),
});
const field = (number: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2, text.length]), Buffer.from(text)]);

const rpc = '/cnap.identity.v1.WorkspaceService/GetWorkspace';
const logs = '/cnap.installer.v1.PodService/StreamPodLogs';
const json = { 'content-type': 'application/json', 'connect-protocol-version': '1' };
const grpc = { 'content-type': 'application/grpc', te: 'trailers' };
const grpcWeb = { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' };
const connectStream = { 'content-type': 'application/connect+proto', 'connect-protocol-version': '1' };

describe.each(encodings)('answers in %s', (encoding) => {
  test('of Connect', async () => {
    const asked = { ...json, ...asOwner, 'accept-encoding': encoding };
    const posted = await wire(rpc, asked, Buffer.from(JSON.stringify({ id })));
    const query = `?connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify({ id }))}`;
    const got = await wire(rpc + query, { ...asOwner, 'accept-encoding': encoding });
    for (const { headers, body } of [posted, got]) {
      expect(headers['content-encoding']).toBe(encoding);
      expect(body.length).toBeLessThan(500);
      expect(JSON.parse(unpack[encoding](body).toString())).toMatchObject({ workspace: { name: long } });
    }
  });

  test.each([
    ['gRPC', rpc, grpc, 'grpc-accept-encoding', 'grpc-encoding', field(1, id)],
    ['gRPC-Web', rpc, grpcWeb, 'grpc-accept-encoding', 'grpc-encoding', field(1, id)],
    [
      'streams of Connect',
      logs,
      connectStream,
      'connect-accept-encoding',
      'connect-content-encoding',
      field(1, newId('ins')),
    ],
    ['streams of gRPC', logs, grpc, 'grpc-accept-encoding', 'grpc-encoding', field(1, newId('ins'))],
  ])('of %s', async (_, path, protocol, accept, says, message) => {
    const asked = { ...protocol, ...asOwner, [accept]: encoding };
    const { headers, body } = await wire(path, asked, enveloped(message));
    expect(headers[says]).toBe(encoding);
    const { isCompressed, content } = firstIn(body);
    expect(isCompressed).toBe(true);
    expect(unpack[encoding](content).toString()).toContain(long);
    const plain = await wire(path, { ...protocol, ...asOwner }, enveloped(message));
    expect(firstIn(plain.body).isCompressed).toBe(false);
    expect(plain.body.toString()).toContain(long);
  });

  test('of REST', async () => {
    const path = `/v1/workspaces/${id}`;
    const { headers, body } = await wire(path, { ...asOwner, 'accept-encoding': encoding });
    expect(headers['content-encoding']).toBe(encoding);
    expect(JSON.parse(unpack[encoding](body).toString())).toMatchObject({ name: long });
  });
});

test('what is short is not compressed, nor events that would wait for more', async () => {
  backends.answers.name = 'Engines';
  const asked = { ...asOwner, 'accept-encoding': 'gzip' };
  const short = await wire(rpc, { ...json, ...asked }, Buffer.from(JSON.stringify({ id })));
  expect(short.headers['content-encoding']).toBeUndefined();
  const events = await wire(`/v1/installs/${newId('ins')}/logs`, asked);
  expect(events.headers['content-type']).toContain('text/event-stream');
  expect(events.headers['content-encoding']).toBeUndefined();
  expect(events.body.toString()).toContain(`data: ${long}\n`);
});

describe('an answer whose length could tell a secret is not compressed', () => {
  test('a page of another site made a browser ask', async () => {
    const query = `?connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify({ id }))}`;
    const browser = {
      cookie: 'cnap.session_token=owner-secret',
      'x-workspace-id': id,
      'accept-encoding': 'gzip, br',
    };
    for (const path of [rpc + query, `/v1/workspaces/${id}`]) {
      const own = await wire(path, { ...browser, 'sec-fetch-site': 'same-origin' });
      expect(own.headers['content-encoding']).toMatch(/gzip|br/);
      const foreign = await wire(path, { ...browser, 'sec-fetch-site': 'cross-site' });
      expect(foreign.headers).not.toHaveProperty('content-encoding');
      expect(foreign.body.toString()).toContain(long);
    }
  });

  test('a secret is in it, in whatever the request is compressed', async () => {
    const path = '/cnap.identity.v1.TokenService/CreateToken';
    const body = gzipSync(JSON.stringify({ name: 'ci' }));
    const asked = { ...json, ...asOwner, 'content-encoding': 'gzip' };
    for (const accept of [{}, { 'accept-encoding': 'gzip' }]) {
      const { headers, body: text } = await wire(path, { ...asked, ...accept }, body);
      expect(headers).not.toHaveProperty('content-encoding');
      expect(JSON.parse(text.toString())).toMatchObject({ secret: long });
    }
  });
});

const sending = { compressMinBytes: 0 };
const senders = {
  'Connect over HTTP/1.1': createConnectTransport,
  'Connect over HTTP/2': createConnectTransport,
  gRPC: createGrpcTransport,
  'gRPC-Web': createGrpcWebTransport,
};

describe.each(Object.entries(senders))('compressed requests of %s', (name, make) => {
  const httpVersion = name.endsWith('1.1') ? '1.1' : '2';
  test.each([compressionGzip, compressionBrotli])('in $name', async (sendCompression) => {
    const transport = make({ httpVersion, baseUrl: gateway.url, sendCompression, ...sending });
    const { workspace } = await createClient(WorkspaceService, transport).createWorkspace(
      { name: 'Engines' },
      { headers: asOwner },
    );
    expect(workspace?.name).toBe('Engines');
    const stream = createClient(PodService, transport).streamPodLogs(
      { installId: newId('ins') },
      { headers: asOwner },
    );
    for await (const { line } of stream) expect([long, 'two']).toContain(line);
  });

  test('are refused when there is more in them than a message may have', async () => {
    for (const sendCompression of [compressionGzip, compressionBrotli]) {
      const transport = make({ httpVersion, baseUrl: gateway.url, sendCompression, ...sending });
      const bomb = createClient(WorkspaceService, transport).createWorkspace(
        { name: 'x'.repeat(6 * 1024 * 1024) },
        { headers: asOwner },
      );
      await expectError(bomb, Code.ResourceExhausted);
    }
  });
});

describe('compressed requests of REST', () => {
  const post = (body: Buffer, encoding: string) =>
    wire(
      '/v1/workspaces',
      { ...asOwner, 'content-type': 'application/json', 'content-encoding': encoding },
      body,
    );

  test('are read, and bounded', async () => {
    for (const [encoding, pack] of [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
    ] as const) {
      const good = await post(pack(JSON.stringify({ name: 'Engines' })), encoding);
      expect([good.headers[':status'], JSON.parse(good.body.toString())]).toMatchObject([
        201,
        { name: 'Engines' },
      ]);
      const bomb = await post(pack(Buffer.alloc(6 * 1024 * 1024, ' ')), encoding);
      expect(bomb.headers[':status']).toBe(413);
      expect((await post(Buffer.from('{"name":"a"}'), encoding)).headers[':status']).toBe(400);
    }
    expect((await post(Buffer.from('{"name":"a"}'), 'deflate')).headers[':status']).toBe(415);
  });
});
