import { Code, createClient } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { ListingService } from '@cnap/proto/cnap/catalog/v1/listing_service';
import { RegionService } from '@cnap/proto/cnap/clusters/v1/region_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestGateway, transports } from './test-gateway.ts';

const gateway = await startTestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());
const { backends, keys } = gateway;
const id = keys.workspaceId;
backends.credentials.set('owner-secret', keys.person('owner'));
const headers = { authorization: 'Bearer owner-secret', 'x-workspace-id': id };
beforeEach(() => {
  backends.seen.length = 0;
});

describe.each(Object.entries(transports))('%s', (_, transportTo) => {
  const transport = transportTo(gateway.url);
  const workspaces = createClient(WorkspaceService, transport);
  const pods = createClient(PodService, transport);
  const installId = newId('ins');

  test('a unary call arrives with the caller, without anything the client made up', async () => {
    const { workspace } = await workspaces.getWorkspace(
      { id },
      {
        headers: {
          ...headers,
          cookie: 'session=1',
          'x-cnap-client-address': '203.0.113.66',
          'x-cnap-anything': 'forged',
          'x-request-id': 'req_mine',
        },
      },
    );
    expect(workspace).toMatchObject({ id, name: 'Engines' });
    const [seen] = backends.seen;
    expect(seen?.caller).toMatchObject({
      kind: 'user',
      userId: keys.person('owner').userId,
      workspaceId: id,
    });
    expect(seen?.caller).toMatchObject({ address: expect.stringContaining('127.0.0.1') });
    expect(seen?.requestId).toBe('req_mine');
    expect(seen?.headers.get('authorization')).not.toContain('owner-secret');
    for (const name of ['cookie', 'x-workspace-id', 'x-cnap-anything']) {
      expect(seen?.headers.get(name)).toBeNull();
    }
    expect(seen?.headers.get('x-cnap-client-address')).not.toBe('203.0.113.66');
    expect(seen?.headers.get('traceparent')).toMatch(/^00-/);
  });

  test('an anonymous call passes without a token; its service decides', async () => {
    const listings = createClient(ListingService, transport);
    expect((await listings.listListings({})).nextPageToken).toBe('next');
    expect(backends.seen[0]?.caller).toMatchObject({
      kind: 'anonymous',
      address: expect.stringContaining('127.0.0.1'),
    });
    await expectError(workspaces.getWorkspace({ id }), Code.Unauthenticated, 'SIGN_IN_REQUIRED');
  });

  test('an empty request is whole by the time its caller is known', async () => {
    const secret = newId('tok');
    backends.credentials.set(secret, keys.person('owner'));
    const gate = Promise.withResolvers<void>();
    backends.gate.open = gate.promise;
    const listings = createClient(ListingService, transport);
    const call = listings.listListings(
      {},
      { headers: { authorization: `Bearer ${secret}` }, timeoutMs: 10_000 },
    );
    await eventually(() => backends.resolved.some(({ credential }) => credential === secret));
    // Another round trip on the same connection: whatever the client has sent has arrived.
    await listings.listListings({});
    gate.resolve();
    expect((await call).nextPageToken).toBe('next');
  });

  test('a stream arrives while it is made', async () => {
    const next = Promise.withResolvers<void>();
    backends.lines.next = next.promise;
    const lines = pods.streamPodLogs({ installId }, { headers })[Symbol.asyncIterator]();
    expect((await lines.next()).value?.line).toBe('one');
    next.resolve();
    expect((await lines.next()).value?.line).toBe('two');
    expect((await lines.next()).done).toBe(true);
  });

  test('who leaves ends the stream at its service', async () => {
    backends.lines.next = new Promise(() => undefined);
    backends.lines.ended = Promise.withResolvers();
    const leave = new AbortController();
    const stream = pods.streamPodLogs({ installId }, { headers, signal: leave.signal });
    const lines = stream[Symbol.asyncIterator]();
    expect((await lines.next()).value?.line).toBe('one');
    leave.abort();
    await backends.lines.ended.promise;
  });

  test('an invalid credential is refused in the words of the protocol, even where none is needed', async () => {
    for (const authorization of ['Bearer wrong', 'Basic dTpw', 'Bearer', `Bearer ${'x'.repeat(5_000)}`]) {
      const wrong = { headers: { ...headers, authorization } };
      await expectError(workspaces.getWorkspace({ id }, wrong), Code.Unauthenticated, 'CREDENTIAL_INVALID');
      await expectError(
        createClient(ListingService, transport).listListings({}, wrong),
        Code.Unauthenticated,
        'CREDENTIAL_INVALID',
      );
      await expectError(
        pods.streamPodLogs({ installId }, wrong)[Symbol.asyncIterator]().next(),
        Code.Unauthenticated,
        'CREDENTIAL_INVALID',
      );
    }
    expect(backends.seen).toEqual([]);
  });

  test('a caller token from outside is no credential', async () => {
    const forged = { headers: { authorization: `Bearer ${await keys.tokenOf('owner')}` } };
    await expectError(workspaces.getWorkspace({ id }, forged), Code.Unauthenticated, 'CREDENTIAL_INVALID');
  });

  test('a workspace that is no word is refused', async () => {
    const odd = { headers: { ...headers, 'x-workspace-id': 'a b' } };
    await expectError(workspaces.getWorkspace({ id }, odd), Code.InvalidArgument);
  });

  test('internal methods do not exist, whoever asks', async () => {
    const service = { authorization: `Bearer ${await keys.identityOf('billing').token('identity')}` };
    for (const asWhom of [{}, headers, service]) {
      await expectError(
        createClient(CallerService, transport).getSigningKeys({}, { headers: asWhom }),
        Code.Unimplemented,
      );
      await expectError(
        createClient(DeadLetterService, transport).listDeadLetters({}, { headers: asWhom }),
        Code.Unimplemented,
      );
    }
  });

  test('a service that is away is UNAVAILABLE', async () => {
    const error = await expectError(
      createClient(RegionService, transport).listRegions({}, { headers }),
      Code.Unavailable,
      'SERVICE_UNAVAILABLE',
    );
    expect(error.metadata).toEqual({ service: 'clusters' });
  });
});

test('a service that was killed is found again', async () => {
  const listings = createClient(ListingService, transports['Connect over HTTP/2']!(gateway.url));
  await listings.listListings({});
  await backends.catalog.stop();
  await expectError(listings.listListings({}), Code.Unavailable, 'SERVICE_UNAVAILABLE');
  await backends.catalog.start();
  await eventually(async () => expect((await listings.listListings({})).nextPageToken).toBe('next'));
});

test('large messages go through whole', async () => {
  const name = 'x'.repeat(3_000_000);
  const workspaces = createClient(WorkspaceService, transports['gRPC']!(gateway.url));
  // Its service reads all of it before it refuses.
  const error = await expectError(workspaces.createWorkspace({ name }, { headers }), Code.InvalidArgument);
  expect(error.fields[0]?.field).toBe('name');
});

test('unary calls under way are finished when the gateway stops', async () => {
  const own = await startTestGateway();
  try {
    own.backends.credentials.set('s', own.keys.person('owner'));
    const gate = Promise.withResolvers<void>();
    own.backends.gate.open = gate.promise;
    const workspaces = createClient(WorkspaceService, transports['Connect over HTTP/1.1']!(own.url));
    const call = workspaces.getWorkspace({ id }, { headers: { authorization: 'Bearer s' } });
    await eventually(() => own.backends.resolved.length === 1);
    const health = () => fetch(`${own.url}/healthz`).then(({ status }) => status);
    expect(await health()).toBe(200);
    const stopped = own.gateway[Symbol.asyncDispose]();
    await eventually(async () => expect(await health().catch(() => 'refused')).toBe('refused'));
    gate.resolve();
    expect((await call).workspace?.name).toBe('Engines');
    await stopped;
  } finally {
    await own[Symbol.asyncDispose]();
  }
});
