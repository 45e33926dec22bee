import { Code } from '@connectrpc/connect';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';
import { readFacts } from './facts.ts';
import { startTestIdentity } from './test-identity.ts';

const identity = await startTestIdentity();
afterAll(() => identity[Symbol.asyncDispose]());

test('provisioning makes a user with a workspace and a token, and can be repeated', async () => {
  const { provisioning } = identity.asService('gateway');
  const request = { email: 'Ada@Example.test', name: 'Ada', workspaceName: 'Engines', tokenName: 'cli' };
  const first = await provisioning.provisionUser(request);
  expect(first.user).toMatchObject({ email: 'ada@example.test', name: 'Ada', emailVerified: true });
  expect(first.workspaceId).toMatch(/^ws_/);

  const second = await provisioning.provisionUser(request);
  expect(second.user?.id).toBe(first.user?.id);
  expect(second.workspaceId).toBe(first.workspaceId);
  expect(second.tokenSecret).toMatch(/^cnap_pat_/);
  expect(second.tokenSecret).not.toBe(first.tokenSecret);

  const [workspaces, tokens] = await Promise.all([
    identity.sql(
      'select w.id from workspaces w join members m on m.workspace_id = w.id where m.user_id = $1',
      [first.user?.id],
    ),
    identity.sql('select id from access_tokens where user_id = $1', [first.user?.id]),
  ]);
  expect([workspaces.length, tokens.length]).toEqual([1, 2]);
});

test('two at the same moment make one user', async () => {
  const { provisioning } = identity.asService('gateway');
  const request = { email: 'both@example.test', name: 'Both' };
  const [a, b] = await Promise.all([
    provisioning.provisionUser(request),
    provisioning.provisionUser(request),
  ]);
  expect(a.user?.id).toBe(b.user?.id);
  expect([a.workspaceId, a.tokenSecret]).toEqual(['', '']);
});

test('only services provision', async () => {
  const ada = await identity.aPerson('Grace');
  const request = { email: 'x@example.test', name: 'X' };
  await expectError(identity.asAnybody().provisioning.provisionUser(request), Code.Unauthenticated);
  await expectError(identity.as(ada).provisioning.provisionUser(request), Code.PermissionDenied);
  await expectError(
    identity.asService('gateway').provisioning.provisionUser({ email: 'nobody', name: 'X' }),
    Code.InvalidArgument,
  );
});

test('a user reads and renames themselves', async () => {
  const eve = await identity.aPerson('Eve');
  expect((await identity.as(eve).users.getCurrentUser({})).user?.id).toBe(eve.userId);
  const { user } = await identity.as(eve).users.updateCurrentUser({ name: 'Eva' });
  expect(user?.name).toBe('Eva');
  expect((await identity.as(eve).users.getCurrentUser({})).user?.name).toBe('Eva');
  await expectError(identity.as(eve).users.updateCurrentUser({ name: '' }), Code.InvalidArgument);
  await expectError(identity.asAnybody().users.getCurrentUser({}), Code.Unauthenticated, 'SIGN_IN_REQUIRED');
});

test('what was provisioned is told in facts, without the secret', async () => {
  const dan = await identity.aPerson('Dan');
  const facts = await eventually(async () => {
    const all = await readFacts(identity.nats);
    const made = all.filter(({ resourceId }) => resourceId.startsWith(dan.workspaceId));
    expect(made.map(({ type }) => type)).toEqual([
      'identity.v1.workspace.created',
      'identity.v1.member.added',
    ]);
    expect(all.some(({ type }) => type === 'identity.v1.token.created')).toBe(true);
    return all;
  });
  expect(facts.every(({ text }) => !text.includes('cnap_pat_'))).toBe(true);
});

test('dead letters are for operators and services', async () => {
  const fred = await identity.aPerson('Fred');
  const operator = await identity.aPerson('Operator');
  expect((await identity.asService('gateway').deadLetters.listDeadLetters({})).deadLetters).toEqual([]);
  expect((await identity.as(operator).deadLetters.listDeadLetters({})).deadLetters).toEqual([]);
  await expectError(identity.as(fred).deadLetters.listDeadLetters({}), Code.PermissionDenied);
});
