// What caches are told: of RPCs by GET, and of REST.
import { createConnectTransport } from '@connectrpc/connect-node';
import { Code, createClient } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { expectError } from '@cnap/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestGateway } from './test-gateway.ts';

const gateway = await startTestGateway({}, { CNAP_CORS_ORIGINS: 'https://console.example.com' });
afterAll(() => gateway[Symbol.asyncDispose]());
const { backends, keys } = gateway;
const id = keys.workspaceId;
backends.credentials.set('owner-secret', keys.person('owner'));
const asOwner = { authorization: 'Bearer owner-secret', 'x-workspace-id': id };
beforeEach(() => {
  backends.answers.name = 'Engines';
  backends.answers.failure = undefined;
});

const query = (message: object) =>
  `?connect=v1&encoding=json&message=${encodeURIComponent(JSON.stringify(message))}`;
const rpc = {
  listings: `/cnap.catalog.v1.ListingService/ListListings${query({})}`,
  workspace: `/cnap.identity.v1.WorkspaceService/GetWorkspace${query({ id })}`,
};
const rest = { listings: '/v1/listings', workspace: `/v1/workspaces/${id}` };

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const answer = await fetch(gateway.url + path, { method, headers });
  return {
    status: answer.status,
    text: await answer.text(),
    caching: answer.headers.get('cache-control'),
    etag: answer.headers.get('etag'),
    vary: answer.headers.get('vary')?.split(', ') ?? [],
  };
}

describe.each([
  ['an RPC by GET', rpc],
  ['REST', rest],
])('%s', (_, paths) => {
  test('what is public may be kept by anybody for a while, and is not sent twice', async () => {
    const first = await get(paths.listings);
    expect(first).toMatchObject({ status: 200, caching: 'public, max-age=30' });
    expect(first.vary).toEqual(
      expect.arrayContaining(['origin', 'accept-encoding', 'authorization', 'cookie', 'x-workspace-id']),
    );
    const again = await get(paths.listings, { 'if-none-match': `"other", ${String(first.etag)}` });
    expect(again).toMatchObject({ status: 304, text: '', caching: 'public, max-age=30', etag: first.etag });
    expect(again.vary).toContain('authorization');
    expect((await get(paths.listings, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('what somebody is told is their own, also where anybody may ask', async () => {
    for (const path of [paths.listings, paths.workspace]) {
      expect(await get(path, asOwner)).toMatchObject({ status: 200, caching: 'private, no-cache' });
    }
    const first = await get(paths.workspace, asOwner);
    const known = { ...asOwner, 'if-none-match': String(first.etag) };
    expect((await get(paths.workspace, known)).status).toBe(304);
    backends.answers.name = 'Turbines';
    const changed = await get(paths.workspace, known);
    expect(changed.status).toBe(200);
    expect(changed.text).toContain('Turbines');
    expect(changed.etag).not.toBe(first.etag);
  });

  test('who may not ask any more does not hear that nothing has changed', async () => {
    const { etag } = await get(paths.workspace, asOwner);
    const answer = await get(paths.workspace, {
      authorization: 'Bearer gone',
      'if-none-match': String(etag),
    });
    expect(answer).toMatchObject({ status: 401, caching: 'no-store', etag: null });
  });

  test('errors are not kept, whoever says them', async () => {
    backends.answers.failure = new DomainError('not-found', 'LISTING_NOT_FOUND', 'There is none.');
    expect(await get(paths.listings)).toMatchObject({ status: 404, caching: 'no-store', etag: null });
    expect(await get(paths.workspace)).toMatchObject({ status: 401, caching: 'no-store', etag: null });
    expect(await get('/v1/nothing')).toMatchObject({ status: 404, caching: 'no-store' });
    const malformed = paths === rest ? '/v1/listings?limit=x' : rpc.listings.replace('%7B', '');
    expect(await get(malformed)).toMatchObject({
      status: paths === rest ? 422 : 400,
      caching: 'no-store',
    });
  });
});

test('a service that is away is not remembered', async () => {
  const path = `/cnap.clusters.v1.RegionService/ListRegions${query({})}`;
  expect(await get(path, asOwner)).toMatchObject({ status: 503, caching: 'no-store' });
});

test('an answer to POST is nothing that a cache may keep', async () => {
  const path = rpc.listings.split('?')[0] ?? '';
  const answer = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(answer.status).toBe(200);
  expect([answer.headers.get('cache-control'), answer.headers.get('etag')]).toEqual([null, null]);
});

test('a write is not to be had by GET, nor a secret from a cache', async () => {
  const write = `/cnap.identity.v1.WorkspaceService/CreateWorkspace${query({ name: 'a' })}`;
  expect(await get(write, asOwner)).toMatchObject({ status: 405, caching: 'no-store' });
  const secret = `/cnap.identity.v1.InvitationService/GetInvitation${query({ secret: 'x' })}`;
  expect((await get(secret)).caching).toBe('no-store');
});

test.each(['1.1', '2'] as const)(
  'a client that reads by GET is its caller, over HTTP/%s',
  async (httpVersion) => {
    const client = createClient(
      WorkspaceService,
      createConnectTransport({ httpVersion, baseUrl: gateway.url, useHttpGet: true }),
    );
    backends.seen.length = 0;
    expect((await client.getWorkspace({ id }, { headers: asOwner })).workspace?.name).toBe('Engines');
    expect(backends.seen[0]?.caller).toMatchObject({ kind: 'user', workspaceId: id });
    await expectError(client.getWorkspace({ id: newId('ws') }), Code.Unauthenticated, 'SIGN_IN_REQUIRED');
  },
);
