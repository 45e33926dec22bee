import { setTimeout as pause } from 'node:timers/promises';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { DomainError } from '@cnap/errors';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  LocalizedMessageSchema,
  RequestInfoSchema,
} from '@cnap/proto/google/rpc/error_details';
import { currentActor, currentTraceparent } from '@cnap/telemetry';
import { describe, expect, test } from 'vitest';
import { callerOf, startRpcServer, workspaceOf } from '../src/index.ts';
import { errorOf, insId, logged, startTestServer, token, wsId } from './test-server.ts';

const transports: Record<string, (baseUrl: string) => Transport> = {
  'Connect over HTTP/1.1': (baseUrl) => createConnectTransport({ httpVersion: '1.1', baseUrl }),
  'Connect JSON over HTTP/1.1': (baseUrl) =>
    createConnectTransport({ httpVersion: '1.1', baseUrl, useBinaryFormat: false, useHttpGet: true }),
  'Connect over HTTP/2': (baseUrl) => createConnectTransport({ httpVersion: '2', baseUrl }),
  gRPC: (baseUrl) => createGrpcTransport({ baseUrl }),
  'gRPC-Web over HTTP/1.1': (baseUrl) => createGrpcWebTransport({ httpVersion: '1.1', baseUrl }),
  'gRPC-Web over HTTP/2': (baseUrl) => createGrpcWebTransport({ httpVersion: '2', baseUrl }),
};

const infoOf = (error: ConnectError) => error.findDetails(ErrorInfoSchema)[0];

describe.each(Object.entries(transports))('%s', (_, transport) => {
  test('a unary call, with caller, actor and trace', async () => {
    await using server = await startTestServer({
      getWorkspace: async ({ id }, context) => ({
        workspace: { id, name: JSON.stringify([callerOf(context), currentActor(), currentTraceparent()]) },
      }),
    });
    const client = createClient(WorkspaceService, transport(server.url));
    const headers: [string, string][] = [];
    const { workspace } = await client.getWorkspace(
      { id: wsId },
      {
        headers: {
          authorization: token('viewer'),
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          'x-request-id': 'req_mine',
        },
        onHeader: (header) => header.forEach((value, key) => headers.push([key, value])),
      },
    );
    const [caller, actor, trace] = JSON.parse(workspace?.name ?? '');
    expect(caller).toMatchObject({ kind: 'user', role: 'viewer' });
    expect(actor).toMatchObject({ kind: 'user', id: caller.userId });
    expect(trace).toContain('0af7651916cd43dd8448eb211c80319c');
    expect(new Map(headers).get('x-request-id')).toBe('req_mine');
  });

  test('a stream of messages, in the name of the caller to its end', async () => {
    await using server = await startTestServer({
      async *streamPodLogs({ installId }) {
        for (let i = 0; i < 3; i++) {
          await pause(1);
          yield { line: `${installId} ${i} ${currentActor()?.id}` };
        }
      },
    });
    const client = createClient(PodService, transport(server.url));
    const lines: string[] = [];
    for await (const { line } of client.streamPodLogs(
      { installId: insId },
      { headers: { authorization: token('viewer') } },
    )) {
      lines.push(line);
    }
    expect(lines).toEqual([0, 1, 2].map((i) => `${insId} ${i} usr_viewer`));
  });

  test('a domain error with all that it carries', async () => {
    await using server = await startTestServer({
      getWorkspace() {
        throw new DomainError('failed-precondition', 'WORKSPACE_IN_USE', 'It is in use.', {
          metadata: { clusters: '2' },
          fields: [{ field: 'id', description: 'has clusters' }],
          suggestion: 'Delete them first.',
        });
      },
    });
    const client = createClient(WorkspaceService, transport(server.url));
    const error = await errorOf(
      client.getWorkspace({ id: wsId }, { headers: { authorization: token('owner') } }),
    );
    expect(error.code).toBe(Code.FailedPrecondition);
    expect(infoOf(error)).toMatchObject({
      reason: 'WORKSPACE_IN_USE',
      domain: 'test.cnap.tech',
      metadata: { clusters: '2' },
    });
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]).toMatchObject({
      field: 'id',
      description: 'has clusters',
    });
    expect(error.findDetails(LocalizedMessageSchema)[0]?.message).toBe('Delete them first.');
  });

  test('an error in the middle of a stream', async () => {
    await using server = await startTestServer({
      async *streamPodLogs() {
        yield { line: 'first' };
        throw new DomainError('not-found', 'POD_NOT_FOUND', 'It is gone.');
      },
    });
    const client = createClient(PodService, transport(server.url));
    const lines: string[] = [];
    const error = await errorOf(
      (async () => {
        const stream = client.streamPodLogs(
          { installId: insId },
          { headers: { authorization: token('viewer') } },
        );
        for await (const { line } of stream) lines.push(line);
      })(),
    );
    expect(lines).toEqual(['first']);
    expect(error.code).toBe(Code.NotFound);
    expect(infoOf(error)?.reason).toBe('POD_NOT_FOUND');
  });

  test('a defect tells nothing but the request id, and its stack is in the log', async () => {
    await using server = await startTestServer({
      getWorkspace() {
        throw new TypeError('secret detail');
      },
    });
    const client = createClient(WorkspaceService, transport(server.url));
    const error = await errorOf(
      client.getWorkspace(
        { id: wsId },
        { headers: { authorization: token('owner'), 'x-request-id': 'req_7' } },
      ),
    );
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toBe('internal error');
    expect(error.findDetails(RequestInfoSchema)[0]?.requestId).toBe('req_7');
    expect(JSON.stringify(error.details)).not.toContain('secret detail');
    expect(logged(server, 'call failed')).toMatchObject({ requestId: 'req_7', err: { type: 'TypeError' } });
  });

  test('each field that breaks its limits is named, before any handler runs', async () => {
    await using server = await startTestServer({
      createWorkspace: () => {
        throw new Error('the handler ran');
      },
    });
    const client = createClient(WorkspaceService, transport(server.url));
    const error = await errorOf(
      client.createWorkspace(
        { name: '', icon: 'x'.repeat(501) },
        { headers: { authorization: token('owner') } },
      ),
    );
    expect(error.code).toBe(Code.InvalidArgument);
    expect(infoOf(error)?.reason).toBe('INVALID_FIELD');
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field)).toEqual([
      'name',
      'icon',
    ]);
    const pods = createClient(PodService, transport(server.url));
    const stream = pods.streamPodLogs(
      { installId: 'nonsense' },
      { headers: { authorization: token('viewer') } },
    );
    const streamed = await errorOf(stream[Symbol.asyncIterator]().next());
    expect(streamed.code).toBe(Code.InvalidArgument);
    expect(streamed.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe('install_id');
  });

  test('a message above the limit is RESOURCE_EXHAUSTED', async () => {
    await using server = await startTestServer({}, { maxMessageBytes: 1_000 });
    const client = createClient(WorkspaceService, transport(server.url));
    const error = await errorOf(
      client.createWorkspace({ name: 'x'.repeat(5_000_000) }, { headers: { authorization: token('owner') } }),
    );
    expect(error.code).toBe(Code.ResourceExhausted);
    // The port serves others as before.
    const again = createClient(WorkspaceService, transport(server.url));
    expect((await errorOf(again.getWorkspace({ id: wsId }))).code).toBe(Code.Unauthenticated);
  });

  test("the client's deadline ends a handler that does not listen to it", async () => {
    const never = Promise.withResolvers<never>();
    await using server = await startTestServer({ getWorkspace: () => never.promise });
    const client = createClient(WorkspaceService, transport(server.url));
    const error = await errorOf(
      client.getWorkspace({ id: wsId }, { headers: { authorization: token('owner') }, timeoutMs: 50 }),
    );
    expect(error.code).toBe(Code.DeadlineExceeded);
  });

  test('without a deadline of its own a call gets the default one, as a signal too', async () => {
    const seen = Promise.withResolvers<unknown>();
    await using server = await startTestServer(
      {
        async getWorkspace(_request, { signal, timeoutMs }) {
          expect(timeoutMs()).toBeLessThanOrEqual(40);
          signal.addEventListener('abort', () => seen.resolve(signal.reason));
          return Promise.withResolvers<never>().promise;
        },
      },
      { deadlineMs: 40 },
    );
    const client = createClient(WorkspaceService, transport(server.url));
    const error = await errorOf(
      client.getWorkspace({ id: wsId }, { headers: { authorization: token('owner') } }),
    );
    expect(error.code).toBe(Code.DeadlineExceeded);
    expect(infoOf(error)?.reason).toBe('DEADLINE_EXCEEDED');
    expect(await seen.promise).toBeDefined();
  });

  test('a ConnectError of an upstream never passes', async () => {
    await using server = await startTestServer({
      getWorkspace({ id }) {
        throw new ConnectError('upstream detail', id === wsId ? Code.Unavailable : Code.PermissionDenied);
      },
    });
    const client = createClient(WorkspaceService, transport(server.url));
    const headers = { authorization: token('owner') };
    expect((await errorOf(client.getWorkspace({ id: wsId }, { headers }))).code).toBe(Code.Unavailable);
    const other = await errorOf(client.getWorkspace({ id: wsId.replace('0', '1') }, { headers }));
    expect(other.code).toBe(Code.Internal);
    expect(other.rawMessage).toBe('internal error');
  });

  test('the Idempotency-Key becomes the request_id', async () => {
    await using server = await startTestServer({
      createWorkspace: async ({ requestId }) => ({ workspace: { name: requestId } }),
    });
    const client = createClient(WorkspaceService, transport(server.url));
    const create = (requestId: string, key: string) =>
      client.createWorkspace(
        { name: 'A', requestId },
        { headers: { authorization: token('owner'), 'idempotency-key': key } },
      );
    expect((await create('', 'key-1')).workspace?.name).toBe('key-1');
    expect((await create('key-1', 'key-1')).workspace?.name).toBe('key-1');
    expect((await errorOf(create('key-2', 'key-1'))).code).toBe(Code.InvalidArgument);
    expect((await errorOf(create('', 'k'.repeat(257)))).code).toBe(Code.InvalidArgument);
  });
});

test('a workspace is known to the handler only of a member', async () => {
  await using server = await startTestServer({
    getWorkspace: async (_request, context) => ({ workspace: { id: workspaceOf(context) } }),
  });
  const client = createClient(
    WorkspaceService,
    createConnectTransport({ httpVersion: '2', baseUrl: server.url }),
  );
  const call = (role: string) =>
    client.getWorkspace({ id: wsId }, { headers: { authorization: token(role) } });
  expect((await call('member')).workspace?.id).toBe(wsId);
  expect(infoOf(await errorOf(call('stranger')))?.reason).toBe('WORKSPACE_REQUIRED');
});

test('an unimplemented method says so', async () => {
  await using server = await startTestServer({});
  const client = createClient(
    WorkspaceService,
    createConnectTransport({ httpVersion: '2', baseUrl: server.url }),
  );
  const error = await errorOf(
    client.getWorkspace({ id: wsId }, { headers: { authorization: token('owner') } }),
  );
  expect(error.code).toBe(Code.Unimplemented);
});

test('a stream without a message for too long is ended', async () => {
  await using server = await startTestServer(
    {
      async *streamPodLogs() {
        yield { line: 'one' };
        await Promise.withResolvers<never>().promise;
      },
    },
    { streamIdleMs: () => 50 },
  );
  const client = createClient(PodService, createConnectTransport({ httpVersion: '2', baseUrl: server.url }));
  const stream = client.streamPodLogs({ installId: insId }, { headers: { authorization: token('viewer') } });
  const lines = stream[Symbol.asyncIterator]();
  expect((await lines.next()).value?.line).toBe('one');
  const error = await errorOf(lines.next());
  expect([error.code, infoOf(error)?.reason]).toEqual([Code.Unavailable, 'STREAM_IDLE']);
});

test('a server whose methods have no rule does not start', async () => {
  const { Health } = await import('@cnap/proto/grpc/health/v1/health');
  const start = (services: (typeof Health)[]) =>
    startRpcServer({
      service: 'test',
      port: 0,
      services,
      routes: (router) => void router.service(Health, {}),
      verifyCaller: () => Promise.resolve({ kind: 'anonymous' }),
    });
  await expect(start([Health])).rejects.toThrow('grpc.health.v1.Health/Check');
  await expect(start([])).rejects.toThrow('grpc.health.v1.Health/Check');
});

test.each([
  ['an unknown field', '{"nonsense": 1}'],
  ['an unknown field beside known ones', '{"pageSize": 1, "filter": "X"}'],
])('JSON with %s is refused, not passed over', async (_, body) => {
  await using server = await startTestServer({});
  const answer = await fetch(`${server.url}/cnap.identity.v1.WorkspaceService/ListWorkspaces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: token('viewer') },
    body,
  });
  expect(await answer.json()).toMatchObject({ code: 'invalid_argument' });
});
