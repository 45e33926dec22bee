import { once } from 'node:events';
import { constants, createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Code, ConnectError } from '@connectrpc/connect';
import { createServiceIdentity, generateKeys, createCallerVerifier, parseServiceKeys } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { withTrace } from '@cnap/telemetry';
import { expect, onTestFinished, test } from 'vitest';
import { callerOf, peerClient, startRpcServer, type ServiceImpl } from '../src/index.ts';
import { keepingLogger } from './test-server.ts';

const keys = generateKeys();
const identity = createServiceIdentity({ service: 'billing', privateKey: keys.privateKey });

/** The identity service as its peers see it. */
async function startPeer(handlers: Partial<ServiceImpl<typeof CallerService>>) {
  const verifier = createCallerVerifier({
    audience: 'identity',
    getKeys: () => Promise.resolve({ keys: [] }),
    serviceKeys: parseServiceKeys(JSON.stringify({ billing: keys.publicKey })),
  });
  return startRpcServer({
    service: 'identity',
    port: 0,
    services: [CallerService],
    routes: (router) => void router.service(CallerService, handlers),
    verifyCaller: (token) => verifier.verify(token),
    logger: keepingLogger().logger,
  });
}

const clientOf = (baseUrl: string, timeoutMs = 10_000) => {
  const { logger, lines } = keepingLogger();
  return {
    lines,
    client: peerClient(CallerService, { baseUrl, audience: 'identity', identity, timeoutMs, logger }),
  };
};

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a peer is called as the service, within the trace', async () => {
  await using peer = await startPeer({
    getSigningKeys: async (_request, context) => ({
      jwksJson: JSON.stringify([callerOf(context), context.requestHeader.get('traceparent')]),
    }),
  });
  const { client } = clientOf(peer.url);
  const { jwksJson } = await withTrace(traceparent, () => client.getSigningKeys({}));
  const [caller, trace] = JSON.parse(jwksJson);
  expect(caller).toEqual({ kind: 'service', service: 'billing' });
  expect(trace.slice(0, 36)).toBe(traceparent.slice(0, 36));
  expect(trace).not.toBe(traceparent);
});

test.each([
  [
    new DomainError('not-found', 'A_NOT_FOUND', 'no A', { metadata: { id: '1' } }),
    'not-found',
    'A_NOT_FOUND',
  ],
  [new DomainError('failed-precondition', 'A_BUSY', 'busy'), 'failed-precondition', 'A_BUSY'],
  [
    new DomainError('invalid-argument', 'A_INVALID', 'bad', { fields: [{ field: 'a', description: 'b' }] }),
    'invalid-argument',
    'A_INVALID',
  ],
  [new DomainError('permission-denied', 'A_DENIED', 'no'), 'internal', 'PEER_FAILED'],
  [new TypeError('defect'), 'internal', 'PEER_FAILED'],
  [new DomainError('unavailable', 'A_DOWN', 'down'), 'unavailable', 'PEER_UNAVAILABLE'],
] as const)('%s arrives as %s %s', async (thrown, kind, reason) => {
  await using peer = await startPeer({
    getSigningKeys() {
      throw thrown;
    },
  });
  const { client, lines } = clientOf(peer.url);
  const error = await client.getSigningKeys({}).then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ name: 'DomainError', kind, reason });
  expect(lines.length > 0).toBe(kind === 'internal');
});

test('fields and metadata of a peer are kept', async () => {
  await using peer = await startPeer({
    getSigningKeys() {
      throw new DomainError('invalid-argument', 'A_INVALID', 'bad', {
        metadata: { limit: '3' },
        fields: [{ field: 'a.b', description: 'too many' }],
      });
    },
  });
  await expect(clientOf(peer.url).client.getSigningKeys({})).rejects.toMatchObject({
    metadata: { limit: '3' },
    fields: [{ field: 'a.b', description: 'too many' }],
  });
});

test('reads are repeated while the peer is UNAVAILABLE', async () => {
  let times = 0;
  await using peer = await startPeer({
    async getSigningKeys() {
      times += 1;
      if (times < 3) throw new ConnectError('not now', Code.Unavailable);
      return { jwksJson: 'there' };
    },
  });
  expect((await clientOf(peer.url).client.getSigningKeys({})).jwksJson).toBe('there');
});

test('a peer that does not answer in time is unavailable', async () => {
  await using peer = await startPeer({ getSigningKeys: () => Promise.withResolvers<never>().promise });
  await expect(clientOf(peer.url, 50).client.getSigningKeys({})).rejects.toMatchObject({
    kind: 'unavailable',
  });
});

test.each([
  ['is reset', (stream: ServerHttp2Stream) => void resetOf(stream)],
  ['is closed', (stream: ServerHttp2Stream) => void stream.session?.destroy()],
  ['gives the call up', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)],
  [
    'is reset after half an answer',
    (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/proto' });
      stream.write(Buffer.of(0x0a, 0x7f), () => resetOf(stream));
    },
  ],
])('a peer whose connection %s is unavailable, and asked again', async (_what, breakOff) => {
  let calls = 0;
  const peer = createServer()
    .on('session', (session) => session.on('error', () => undefined))
    .on('stream', (stream) => {
      calls += 1;
      stream.on('error', () => undefined);
      breakOff(stream);
    });
  onTestFinished(() => void peer.close());
  await once(peer.listen(0, '127.0.0.1'), 'listening');
  const { client, lines } = clientOf(`http://127.0.0.1:${(peer.address() as AddressInfo).port}`);
  await expect(client.getSigningKeys({})).rejects.toMatchObject({
    kind: 'unavailable',
    reason: 'PEER_UNAVAILABLE',
  });
  expect(calls).toBe(3);
  expect(lines).toEqual([]);
});

/** As the system does it to a process that is killed with something unread. */
const resetOf = (stream: ServerHttp2Stream): void =>
  void (stream.session?.socket as Socket | undefined)?.resetAndDestroy();

test('a peer that restarts is found again', async () => {
  const first = await startPeer({ getSigningKeys: async () => ({ jwksJson: 'first' }) });
  const { client } = clientOf(first.url);
  expect((await client.getSigningKeys({})).jwksJson).toBe('first');
  await first.drain();
  await expect(client.getSigningKeys({})).rejects.toMatchObject({ kind: 'unavailable' });
});
