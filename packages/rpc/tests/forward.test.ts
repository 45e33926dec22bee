import { once } from 'node:events';
import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import { createServer, type AddressInfo } from 'node:net';
import { Code, createClient, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { ErrorInfoSchema } from '@cnap/proto/google/rpc/error_details';
import { ServerReflection } from '@cnap/proto/grpc/reflection/v1/reflection';
import { rpcServices } from '@cnap/proto';
import { describe, expect, test } from 'vitest';
import { forwardRpc, openBackends, openPort, requestIdOf, routeTable } from '../src/index.ts';
import { pathOf } from '../src/rpc-handler.ts';
import { errorOf, insId, startTestServer, token, wsId } from './test-server.ts';

/** A gateway in front of one backend, as small as they come. */
async function startGateway(backendUrl: string) {
  const backends = openBackends({ test: backendUrl });
  const routes = routeTable({ test: [WorkspaceService, PodService, ServerReflection] });
  const ended: { status: number | undefined; reached: boolean }[] = [];
  const port = await openPort({
    port: 0,
    handler(request, response) {
      const route = routes.get(pathOf(request));
      if (route === undefined) {
        response.statusCode = 404;
        response.end();
        return;
      }
      forwardRpc(request, response, {
        route,
        backends,
        headers: { authorization: token('viewer'), 'x-request-id': 'req_gateway', cookie: undefined },
        responseHeaders: { 'x-served-by': 'gateway' },
        onEnd: (outcome) => ended.push(outcome),
      });
    },
  });
  return {
    url: port.url,
    ended,
    async [Symbol.asyncDispose]() {
      const closed = port.close();
      await backends[Symbol.asyncDispose]();
      port.destroy();
      await closed;
    },
  };
}

const transports: Record<string, (baseUrl: string) => Transport> = {
  'Connect over HTTP/1.1': (baseUrl) => createConnectTransport({ httpVersion: '1.1', baseUrl }),
  'Connect GET over HTTP/1.1': (baseUrl) =>
    createConnectTransport({ httpVersion: '1.1', baseUrl, useHttpGet: true, useBinaryFormat: false }),
  'Connect over HTTP/2': (baseUrl) => createConnectTransport({ httpVersion: '2', baseUrl }),
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  'gRPC-Web over HTTP/1.1': (baseUrl) => createGrpcWebTransport({ httpVersion: '1.1', baseUrl }),
  'gRPC-Web over HTTP/2': (baseUrl) => createGrpcWebTransport({ httpVersion: '2', baseUrl }),
};

describe.each(Object.entries(transports))('%s', (_, transport) => {
  test('a unary call goes there and back with the headers set', async () => {
    await using server = await startTestServer({
      getWorkspace: async ({ id }, context) => ({
        workspace: { id, name: requestIdOf(context), icon: `${context.requestHeader.get('cookie')}` },
      }),
    });
    await using gateway = await startGateway(server.url);
    const client = createClient(WorkspaceService, transport(gateway.url));
    let servedBy: string | null = null;
    const { workspace } = await client.getWorkspace(
      { id: wsId },
      {
        headers: { authorization: 'Bearer forged', 'x-request-id': 'req_forged', cookie: 'a=b' },
        onHeader: (header) => (servedBy = header.get('x-served-by')),
      },
    );
    expect(workspace).toMatchObject({ id: wsId, name: 'req_gateway', icon: 'null' });
    expect(servedBy).toBe('gateway');
    expect(gateway.ended).toEqual([{ status: 200, reached: true }]);
  });

  test('errors come through as the service made them', async () => {
    await using server = await startTestServer({});
    await using gateway = await startGateway(server.url);
    const client = createClient(WorkspaceService, transport(gateway.url));
    const error = await errorOf(client.createWorkspace({ name: '' }));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(error.findDetails(ErrorInfoSchema)[0]?.domain).toBe('test.cnap.tech');
  });

  test('a stream arrives while it is made', async () => {
    const { promise: second, resolve: letSecond } = Promise.withResolvers<void>();
    await using server = await startTestServer({
      async *streamPodLogs() {
        yield { line: 'one' };
        await second;
        yield { line: 'two' };
      },
    });
    await using gateway = await startGateway(server.url);
    const stream = createClient(PodService, transport(gateway.url)).streamPodLogs({ installId: insId });
    const lines = stream[Symbol.asyncIterator]();
    expect((await lines.next()).value?.line).toBe('one');
    letSecond();
    expect((await lines.next()).value?.line).toBe('two');
    expect((await lines.next()).done).toBe(true);
  });

  test('a large stream arrives whole', async () => {
    const line = 'x'.repeat(100_000);
    await using server = await startTestServer({
      async *streamPodLogs() {
        for (let i = 0; i < 50; i++) yield { line };
      },
    });
    await using gateway = await startGateway(server.url);
    let bytes = 0;
    for await (const message of createClient(PodService, transport(gateway.url)).streamPodLogs({
      installId: insId,
    })) {
      bytes += message.line.length;
    }
    expect(bytes).toBe(5_000_000);
  });

  test('a caller that leaves ends the handler', async () => {
    const ended = Promise.withResolvers<void>();
    await using server = await startTestServer({
      async *streamPodLogs(_request, { signal }) {
        signal.addEventListener('abort', () => ended.resolve());
        yield { line: 'one' };
        await ended.promise;
      },
    });
    await using gateway = await startGateway(server.url);
    const leave = new AbortController();
    const client = createClient(PodService, transport(gateway.url));
    const stream = client.streamPodLogs({ installId: insId }, { signal: leave.signal });
    const lines = stream[Symbol.asyncIterator]();
    expect((await lines.next()).value?.line).toBe('one');
    leave.abort();
    await ended.promise;
  });

  test('a service that is not there is UNAVAILABLE', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await using gateway = await startGateway(`http://127.0.0.1:${port}`);
    const client = createClient(WorkspaceService, transport(gateway.url));
    const error = await errorOf(client.getWorkspace({ id: wsId }));
    expect(error.code).toBe(Code.Unavailable);
    expect(error.findDetails(ErrorInfoSchema)[0]).toMatchObject({
      reason: 'SERVICE_UNAVAILABLE',
      domain: 'gateway.cnap.tech',
    });
    const stream = createClient(PodService, transport(gateway.url)).streamPodLogs({ installId: insId });
    expect((await errorOf(stream[Symbol.asyncIterator]().next())).code).toBe(Code.Unavailable);
    expect(gateway.ended.every(({ reached }) => !reached)).toBe(true);
  });

  test('a service that restarts is found again', async () => {
    const first = await startTestServer({ getWorkspace: async () => ({ workspace: { name: 'first' } }) });
    await using gateway = await startGateway(first.url);
    const client = createClient(WorkspaceService, transport(gateway.url));
    expect((await client.getWorkspace({ id: wsId })).workspace?.name).toBe('first');
    await first.drain();
    await using second = await startTestServer(
      { getWorkspace: async () => ({ workspace: { name: 'second' } }) },
      { port: first.port },
    );
    expect(second.port).toBe(first.port);
    expect((await client.getWorkspace({ id: wsId })).workspace?.name).toBe('second');
  });
});

test.each([
  ['Connect', (baseUrl: string) => createConnectTransport({ httpVersion: '2', baseUrl })],
  ['gRPC', (baseUrl: string) => createGrpcTransport({ baseUrl })],
] as const)('both directions at once over %s', async (_, transport) => {
  await using server = await startTestServer({});
  await using gateway = await startGateway(server.url);
  const answers: number[] = [];
  const next = { answered: Promise.withResolvers<void>() };
  async function* ask() {
    for (let i = 0; i < 3; i++) {
      yield { messageRequest: { case: 'listServices' as const, value: '' } };
      // The next question comes after the answer to the one before.
      await next.answered.promise;
      next.answered = Promise.withResolvers();
    }
  }
  for await (const answer of createClient(ServerReflection, transport(gateway.url)).serverReflectionInfo(
    ask(),
  )) {
    answers.push(answer.messageResponse.case === 'listServicesResponse' ? 1 : 0);
    next.answered.resolve();
  }
  expect(answers).toEqual([1, 1, 1]);
});

test('both directions at once are refused over HTTP/1.1', async () => {
  await using server = await startTestServer({});
  await using gateway = await startGateway(server.url);
  const response = await fetch(`${gateway.url}/grpc.reflection.v1.ServerReflection/ServerReflectionInfo`, {
    method: 'POST',
    headers: { 'content-type': 'application/connect+proto' },
    body: new Uint8Array(),
  });
  expect(response.status).toBe(505);
});

test('the route table has every public method and no internal one', () => {
  const routes = routeTable(rpcServices);
  expect(routes.get('/cnap.identity.v1.WorkspaceService/GetWorkspace')?.service).toBe('identity');
  expect(routes.get('/cnap.installer.v1.PodService/StreamPodLogs')?.service).toBe('installer');
  expect(routes.has('/cnap.identity.v1.CallerService/ResolveCaller')).toBe(false);
  expect([...routes.keys()].filter((path) => path.includes('DeadLetter'))).toEqual([]);
});

/** A service that begins an answer and gives it up in a way that says nothing is wrong. */
async function startQuitter(quit: (stream: ServerHttp2Stream) => void) {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/connect+json' });
    const message = Buffer.from('{"line":"one"}');
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.write(Buffer.concat([prefix, message]), () => quit(stream));
  });
  server.on('sessionError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

describe.each([
  ['its stream is reset', (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL)],
  ['its connection is left', (stream: ServerHttp2Stream) => stream.session?.destroy(undefined, 8)],
  ['its connection breaks', (stream: ServerHttp2Stream) => stream.session?.socket.destroy()],
])('an answer that ends in the middle because %s', (_, quit) => {
  test.each(['1.1', '2'] as const)('is not taken for all of it, over HTTP/%s', async (httpVersion) => {
    await using service = await startQuitter(quit);
    await using gateway = await startGateway(service.url);
    const pods = createClient(
      PodService,
      createConnectTransport({ httpVersion, baseUrl: gateway.url, useBinaryFormat: false }),
    );
    const read = async () => {
      for await (const { line } of pods.streamPodLogs({ installId: insId })) expect(line).toBe('one');
    };
    const error = await errorOf(read());
    expect(error.code).toBe(Code.Unavailable);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe('SERVICE_UNAVAILABLE');
  });
});
