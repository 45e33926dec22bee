import { Code, createClient } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { ListingService } from '@cnap/proto/cnap/catalog/v1/listing_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { keptMs } from '../src/caller/callers.ts';
import { startTestGateway, transports } from './test-gateway.ts';

// It stands still: nothing is forgotten here because a few seconds have passed.
const clock = { startedAt: Date.now(), aheadMs: 0 };
const gateway = await startTestGateway({ now: () => clock.startedAt + clock.aheadMs });
afterAll(() => gateway[Symbol.asyncDispose]());
const { backends, keys, facts } = gateway;
const id = keys.workspaceId;
const workspaces = createClient(WorkspaceService, transports['Connect over HTTP/2']!(gateway.url));

let secret: string;
beforeEach(async () => {
  secret = newId('tok');
  backends.credentials.set(secret, keys.person('member', { credentialId: secret }));
  clock.aheadMs = 0;
});
const call = (workspaceId = id) =>
  workspaces.getWorkspace(
    { id },
    { headers: { authorization: `Bearer ${secret}`, 'x-workspace-id': workspaceId } },
  );
const asked = () => backends.resolved.filter(({ credential }) => credential === secret).length;

test('the gateway begins to hear facts', async () => {
  await eventually(async () => {
    await facts.tokenRevoked(secret);
    await call();
    expect(asked()).toBeGreaterThan(1);
  });
});

test('identity is asked once per credential and workspace, also by many at once', async () => {
  await Promise.all([call(), call(), call()]);
  await call();
  expect(asked()).toBe(1);
  await call(newId('ws'));
  expect(asked()).toBe(2);
});

test('it is asked again after a few seconds, so that a revocation is felt within five', async () => {
  expect(keptMs).toBeLessThanOrEqual(5_000);
  await call();
  backends.credentials.delete(secret);
  await call();
  expect(asked()).toBe(1);
  clock.aheadMs = keptMs;
  await expectError(call(), Code.Unauthenticated, 'CREDENTIAL_INVALID');
});

test('a refusal is not kept', async () => {
  const who = backends.credentials.get(secret)!;
  backends.credentials.delete(secret);
  await expectError(call(), Code.Unauthenticated, 'CREDENTIAL_INVALID');
  backends.credentials.set(secret, who);
  expect((await call()).workspace?.id).toBe(id);
});

test.each([
  ['token.revoked', () => facts.tokenRevoked(secret)],
  ['member.removed', () => facts.memberRemoved(keys.person('member').userId)],
  ['workspace.deleted', () => facts.workspaceDeleted(id)],
])('the fact %s is felt at once', async (_, publish) => {
  await call();
  expect(asked()).toBe(1);
  backends.credentials.delete(secret);
  await publish();
  await eventually(() => expectError(call(), Code.Unauthenticated, 'CREDENTIAL_INVALID'));
});

test('facts about others change nothing', async () => {
  await call();
  const mine = secret;
  await facts.tokenRevoked(newId('tok'));
  await facts.memberRemoved(newId('usr'));
  // Facts arrive in order: when this one has, so have those before it.
  secret = newId('tok');
  backends.credentials.set(secret, keys.person('viewer', { credentialId: secret }));
  await call();
  await facts.tokenRevoked(secret);
  await eventually(async () => {
    await call();
    expect(asked()).toBe(2);
  });
  secret = mine;
  await call();
  expect(asked()).toBe(1);
});

test('an answer that was under way when a fact came is not kept', async () => {
  const gate = Promise.withResolvers<void>();
  backends.gate.open = gate.promise;
  const first = call();
  await eventually(() => asked() === 1);
  await facts.tokenRevoked(secret);
  // Later calls share the question that is under way until the fact is through; then one asks anew.
  const later: Promise<unknown>[] = [];
  await eventually(() => {
    later.push(call());
    return asked() === 2;
  });
  gate.resolve();
  await Promise.all([first, ...later]);
  expect(asked()).toBe(2);
});

test('without NATS it works as well', async () => {
  await using alone = await startTestGateway({}, { NATS_URL: 'nats://127.0.0.1:1' });
  alone.backends.credentials.set('s', alone.keys.person('owner'));
  const client = createClient(WorkspaceService, transports['Connect over HTTP/1.1']!(alone.url));
  const answer = await client.getWorkspace({ id }, { headers: { authorization: 'Bearer s' } });
  expect(answer.workspace?.id).toBe(id);
});

test('without identity signed-in calls are UNAVAILABLE, anonymous ones pass', async () => {
  await using alone = await startTestGateway();
  expect((await fetch(`${alone.url}/readyz`)).status).toBe(200);
  await alone.backends.identity.stop();
  for (const transport of Object.values(transports)) {
    const client = createClient(WorkspaceService, transport(alone.url));
    await expectError(
      client.getWorkspace({ id }, { headers: { authorization: 'Bearer s' } }),
      Code.Unavailable,
      'SERVICE_UNAVAILABLE',
    );
  }
  const listings = createClient(ListingService, transports['gRPC']!(alone.url));
  expect((await listings.listListings({})).nextPageToken).toBe('next');
  expect((await fetch(`${alone.url}/readyz`)).status).toBe(503);
  expect((await fetch(`${alone.url}/healthz`)).status).toBe(200);
});

test.each(Object.keys(transports).filter((name) => name !== 'Connect GET'))(
  'a stream that is open ends when its credential is revoked: %s',
  async (name) => {
    backends.lines.next = new Promise(() => undefined);
    backends.lines.ended = Promise.withResolvers();
    const pods = createClient(PodService, transports[name]!(gateway.url));
    const headers = { authorization: `Bearer ${secret}`, 'x-workspace-id': id };
    const lines = pods.streamPodLogs({ installId: newId('ins') }, { headers })[Symbol.asyncIterator]();
    expect((await lines.next()).value?.line).toBe('one');
    backends.credentials.delete(secret);
    clock.aheadMs = keptMs;
    await expectError(lines.next(), Code.Unauthenticated, 'CREDENTIAL_INVALID');
    await backends.lines.ended.promise;
  },
);
