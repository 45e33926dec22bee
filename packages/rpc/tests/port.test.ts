import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { Code, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { ErrorInfoSchema } from '@cnap/proto/google/rpc/error_details';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@cnap/proto/grpc/health/v1/health';
import { ServerReflection } from '@cnap/proto/grpc/reflection/v1/reflection';
import { ServerReflection as ServerReflectionAlpha } from '@cnap/proto/grpc/reflection/v1alpha/reflection';
import { expect, onTestFinished, test } from 'vitest';
import { allLogged, errorOf, insId, startTestServer, token, wsId } from './test-server.ts';

const impatient = { limits: { headersTimeoutMs: 100, requestTimeoutMs: 150 } };

async function rawSocket(port: number): Promise<{ socket: Socket; closed: Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  socket.once('close', () => resolve(received));
  return { socket, closed };
}

async function http2Session(url: string): Promise<ClientHttp2Session> {
  const session = connectHttp2(url);
  session.on('error', () => undefined);
  onTestFinished(() => void session.destroy());
  await once(session, 'connect');
  return session;
}

test.each([
  ['sends nothing', ''],
  ['sends one byte', 'P'],
  ['stops within the request line', 'POST /cnap.'],
  ['stops within the headers', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: '],
  ['stops after the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['stops within the HTTP/2 preface', 'PRI * HT'],
])('a sender that %s is cut off', async (_, start) => {
  await using server = await startTestServer({}, impatient);
  const { socket, closed } = await rawSocket(server.port);
  if (start !== '') socket.write(start);
  expect(await closed).not.toContain('200 OK');
});

test('a sender of one header byte after the other is cut off', async () => {
  await using server = await startTestServer({}, impatient);
  const { socket, closed } = await rawSocket(server.port);
  socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ');
  const drip = setInterval(() => socket.write('a'), 10);
  onTestFinished(() => clearInterval(drip));
  expect(await closed).toContain('408');
});

test('an HTTP/2 client that never makes a request is cut off, however busy it keeps its connection', async () => {
  await using server = await startTestServer({}, impatient);
  const session = await http2Session(server.url);
  const pings = setInterval(() => session.destroyed || session.ping(() => undefined), 10);
  onTestFinished(() => clearInterval(pings));
  await once(session, 'close');
  expect(session.destroyed).toBe(true);
});

test('headers without end are refused', async () => {
  await using server = await startTestServer({});
  const { socket, closed } = await rawSocket(server.port);
  socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: ${'a'.repeat(100_000)}\r\n\r\n`);
  expect(await closed).toContain('431');
});

test('a body that does not arrive in time is told so and cut off, over HTTP/1.1', async () => {
  await using server = await startTestServer({}, { bodyTimeoutMs: 50 });
  const { socket, closed } = await rawSocket(server.port);
  socket.write(
    `POST /cnap.identity.v1.WorkspaceService/GetWorkspace HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n` +
      `authorization: ${token('owner')}\r\ncontent-length: 100\r\n\r\n{`,
  );
  expect(await closed).toContain('deadline_exceeded');
});

test('a body that does not arrive in time is told so and its stream ended, over HTTP/2', async () => {
  await using server = await startTestServer({}, { bodyTimeoutMs: 50 });
  const session = await http2Session(server.url);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/cnap.identity.v1.WorkspaceService/GetWorkspace',
    'content-type': 'application/json',
    authorization: token('owner'),
  });
  stream.write('{');
  let body = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  await once(stream, 'close');
  expect(body).toContain('deadline_exceeded');
  expect(session.closed).toBe(false);
});

test('requests that are none are answered without a stack trace', async () => {
  await using server = await startTestServer({});
  const rpc = `${server.url}/cnap.identity.v1.WorkspaceService/GetWorkspace`;
  const post = (body: string, headers: Record<string, string>) =>
    fetch(rpc, { method: 'POST', body, headers: { authorization: token('owner'), ...headers } });
  const json = { 'content-type': 'application/json' };
  const answers = await Promise.all([
    fetch(`${server.url}/no/such/path`),
    fetch(`${server.url}/cnap.identity.v1.WorkspaceService/NoSuchMethod`, { method: 'POST' }),
    fetch(rpc, { method: 'DELETE' }),
    post('x', { 'content-type': 'text/plain' }),
    post('{"id":', json),
    post('{"id":7}', json),
    post('\u0000\u0001', { 'content-type': 'application/proto' }),
    post('{}', { ...json, 'connect-timeout-ms': 'soon' }),
    post('x', { ...json, 'content-encoding': 'gzip' }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 405, 415, 400, 400, 400, 400, 400]);
  for (const text of await Promise.all(answers.map((answer) => answer.text()))) {
    expect(text).not.toMatch(/\bat .+:\d+:\d+/);
  }
});

test.each(['application/grpc', 'application/grpc-web+proto', 'application/connect+proto'])(
  'messages that cannot be parsed are INVALID_ARGUMENT over %s',
  async (contentType) => {
    await using server = await startTestServer({});
    const session = await http2Session(server.url);
    const call = async (path: string, payload: Buffer, flags: number): Promise<string> => {
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': contentType,
        'grpc-encoding': 'gzip',
        'connect-content-encoding': 'gzip',
        te: 'trailers',
        authorization: token('owner'),
      });
      const head = Buffer.from([flags, 0, 0, 0, payload.length]);
      stream.end(Buffer.concat([head, payload]));
      let seen = '';
      stream.setEncoding('latin1').on('data', (chunk: string) => (seen += chunk));
      stream.on('response', (headers) => (seen += `grpc-status: ${String(headers['grpc-status'])}`));
      stream.on('trailers', (trailers) => (seen += `grpc-status: ${String(trailers['grpc-status'])}`));
      await once(stream, 'close');
      return seen;
    };
    const invalid = /grpc-status: 3|"invalid_argument"/;
    const paths = contentType.includes('connect')
      ? ['/cnap.installer.v1.PodService/StreamPodLogs']
      : ['/cnap.identity.v1.WorkspaceService/GetWorkspace', '/cnap.installer.v1.PodService/StreamPodLogs'];
    for (const path of paths) {
      expect(await call(path, Buffer.from([0, 1]), 0)).toMatch(invalid);
      expect(await call(path, Buffer.from('not gzip'), 1)).toMatch(invalid);
    }
  },
);

test('a bad token is refused before the body is read, with a log line of its own', async () => {
  await using server = await startTestServer({});
  const client = createClient(
    WorkspaceService,
    createConnectTransport({ httpVersion: '2', baseUrl: server.url }),
  );
  for (const authorization of ['Bearer nobody', 'Basic abc', 'Bearer']) {
    const error = await errorOf(client.createWorkspace({ name: '' }, { headers: { authorization } }));
    expect(error.code).toBe(Code.Unauthenticated);
    expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe('CREDENTIAL_INVALID');
  }
  await expect.poll(() => allLogged(server, 'rpc').length).toBe(3);
  expect(allLogged(server, 'rpc')[0]).toMatchObject({
    rpc: 'cnap.identity.v1.WorkspaceService/CreateWorkspace',
    code: 'unauthenticated',
    protocol: 'connect',
    caller: 'anonymous',
    requestId: expect.stringMatching(/^req_/),
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test.each(['1.1', '2'] as const)(
  'a call under way finishes while the port closes, over HTTP/%s',
  async (httpVersion) => {
    const { promise: finish, resolve: letFinish } = Promise.withResolvers<void>();
    const { promise: began, resolve: begin } = Promise.withResolvers<void>();
    const server = await startTestServer({
      async getWorkspace() {
        begin();
        await finish;
        return { workspace: { name: 'done' } };
      },
    });
    const client = createClient(
      WorkspaceService,
      createConnectTransport({ httpVersion, baseUrl: server.url }),
    );
    const headers = { authorization: token('owner') };
    const call = client.getWorkspace({ id: wsId }, { headers });
    await began;
    const drained = server.drain();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed');
    letFinish();
    expect((await call).workspace?.name).toBe('done');
    await drained;
  },
);

test('a call that does not finish is told UNAVAILABLE at the end of the drain', async () => {
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  const server = await startTestServer({
    getWorkspace() {
      begin();
      return Promise.withResolvers<never>().promise;
    },
  });
  const client = createClient(
    WorkspaceService,
    createConnectTransport({ httpVersion: '2', baseUrl: server.url }),
  );
  const call = errorOf(client.getWorkspace({ id: wsId }, { headers: { authorization: token('owner') } }));
  await began;
  await server.drain({ deadlineMs: 50 });
  const error = await call;
  expect([error.code, error.findDetails(ErrorInfoSchema)[0]?.reason]).toEqual([
    Code.Unavailable,
    'SHUTTING_DOWN',
  ]);
});

test('streams are told to come back before the drain ends', async () => {
  const server = await startTestServer({
    async *streamPodLogs() {
      yield { line: 'one' };
      await Promise.withResolvers<never>().promise;
    },
  });
  const client = createClient(PodService, createGrpcTransport({ baseUrl: server.url }));
  const stream = client.streamPodLogs({ installId: insId }, { headers: { authorization: token('viewer') } });
  const lines = stream[Symbol.asyncIterator]();
  await lines.next();
  const ended = errorOf(lines.next());
  await server.drain({ deadlineMs: 100 });
  expect((await ended).code).toBe(Code.Unavailable);
});

test('health follows ready, over HTTP and grpc.health.v1', async () => {
  let works = true;
  await using server = await startTestServer(
    {},
    { ready: () => (works ? Promise.resolve() : Promise.reject(new Error('no database'))) },
  );
  const health = createClient(Health, createGrpcTransport({ baseUrl: server.url }));
  const readyz = async () => (await fetch(`${server.url}/readyz`)).status;
  const check = async () => (await health.check({ service: PodService.typeName })).status;
  expect([await readyz(), await check()]).toEqual([200, Status.SERVING]);
  works = false;
  expect([await readyz(), await check()]).toEqual([503, Status.NOT_SERVING]);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect((await errorOf(health.check({ service: 'no.such.Service' }))).code).toBe(Code.NotFound);
});

test.each([
  ['v1', ServerReflection],
  ['v1alpha', ServerReflectionAlpha],
] as const)('reflection %s lists services and gives files with what they import', async (_, service) => {
  await using server = await startTestServer({});
  const client = createClient(
    service as typeof ServerReflection,
    createGrpcTransport({ baseUrl: server.url }),
  );
  const ask = async (messageRequest: {
    case: 'listServices' | 'fileContainingSymbol' | 'fileByFilename';
    value: string;
  }) => {
    for await (const { messageResponse } of client.serverReflectionInfo(
      (async function* () {
        yield { messageRequest };
      })(),
    )) {
      return messageResponse;
    }
    return undefined;
  };
  const listed = await ask({ case: 'listServices', value: '' });
  const names = listed?.case === 'listServicesResponse' ? listed.value.service.map(({ name }) => name) : [];
  expect(names).toEqual(
    expect.arrayContaining([PodService.typeName, WorkspaceService.typeName, Health.typeName]),
  );
  const file = await ask({ case: 'fileContainingSymbol', value: 'cnap.installer.v1.PodService.ListPods' });
  expect(file?.case === 'fileDescriptorResponse' ? file.value.fileDescriptorProto.length : 0).toBeGreaterThan(
    4,
  );
  const detail = await ask({ case: 'fileContainingSymbol', value: 'google.rpc.ErrorInfo' });
  expect(detail?.case).toBe('fileDescriptorResponse'); // tools show the details of errors
  expect((await ask({ case: 'fileByFilename', value: 'no/such.proto' }))?.case).toBe('errorResponse');
});

test('the http hook comes first', async () => {
  await using server = await startTestServer(
    {},
    {
      http(request, response) {
        if (request.url !== '/hook') return false;
        response.end('hooked');
        return true;
      },
    },
  );
  expect(await (await fetch(`${server.url}/hook`)).text()).toBe('hooked');
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});
