import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFacts } from './facts.ts';
import { startTestIdentity, type Person } from './test-identity.ts';

const clock = { aheadMs: 0 };
const identity = await startTestIdentity({ now: () => new Date(Date.now() + clock.aheadMs) });
afterAll(() => identity[Symbol.asyncDispose]());

let ada: Person;
beforeAll(async () => {
  ada = await identity.aPerson('Ada');
});
const resolve = (credential: string, workspaceId = '') =>
  identity.asService('gateway').callers.resolveCaller({ credential, workspaceId });

test('a secret is shown once and only its hash is kept', async () => {
  const { tokens } = identity.as(ada);
  const requestId = newId('req');
  const { token, secret } = await tokens.createToken({ name: 'ci', requestId });
  expect(secret).toMatch(/^cnap_pat_[0-9A-Za-z]{40}$/);
  expect(token).toMatchObject({ name: 'ci', readOnly: false, workspaceId: '' });
  expect(secret.startsWith(token?.prefix ?? 'none')).toBe(true);

  const again = await tokens.createToken({ name: 'ci', requestId });
  expect([again.token?.id, again.secret]).toEqual([token?.id, '']);
  const listed = (await tokens.listTokens({})).tokens;
  expect(listed.filter(({ name }) => name === 'ci')).toHaveLength(1);
  expect(JSON.stringify(listed, (_, v) => (typeof v === 'bigint' ? `${v}` : v))).not.toContain(secret);

  const tables = ['access_tokens', 'request_result', 'outbox', 'users'];
  for (const table of tables) {
    const rows = await identity.sql(`select t::text from ${table} t`);
    const text = rows.map((row) => String(row['t'])).join('\n');
    expect(text).not.toContain(secret.slice(13));
    expect(text).not.toContain(Buffer.from(secret).toString('hex'));
  }
});

test('tokens are listed newest first, in pages, to their owner alone', async () => {
  const bob = await identity.aPerson('Bob');
  const { tokens } = identity.as(bob);
  for (const name of ['a', 'b']) await tokens.createToken({ name });
  const first = await tokens.listTokens({ pageSize: 2 });
  const rest = await tokens.listTokens({ pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.tokens, ...rest.tokens].map(({ name }) => name)).toEqual(['b', 'a', 'first']);
  const foreign = first.tokens[0]?.id ?? '';
  await expectError(identity.as(ada).tokens.deleteToken({ id: foreign }), Code.NotFound, 'TOKEN_NOT_FOUND');
  expect((await tokens.listTokens({})).tokens).toHaveLength(3);
});

test('an expired token is worth nothing', async () => {
  const expireTime = timestampFromMs(Date.now() + 3_600_000);
  const { secret } = await identity.as(ada).tokens.createToken({ name: 'short', expireTime });
  expect((await resolve(secret)).userId).toBe(ada.userId);
  clock.aheadMs = 3_600_001;
  try {
    await expectError(resolve(secret), Code.Unauthenticated, 'CREDENTIAL_INVALID');
  } finally {
    clock.aheadMs = 0;
  }
  await expectError(
    identity.as(ada).tokens.createToken({ name: 'late', expireTime: timestampFromMs(Date.now() - 1_000) }),
    Code.InvalidArgument,
  );
});

test('a revoked token is worth nothing, and a fact says so', async () => {
  const { token, secret } = await identity.as(ada).tokens.createToken({ name: 'lost' });
  const id = token?.id ?? '';
  expect((await resolve(secret)).credentialId).toBe(id);
  await identity.as(ada).tokens.deleteToken({ id });
  await expectError(resolve(secret), Code.Unauthenticated, 'CREDENTIAL_INVALID');
  await expectError(identity.as(ada).tokens.deleteToken({ id }), Code.NotFound, 'TOKEN_NOT_FOUND');
  await eventually(async () => {
    const facts = (await readFacts(identity.nats)).filter(({ resourceId }) => resourceId === id);
    expect(facts.map(({ type }) => type)).toEqual(['identity.v1.token.created', 'identity.v1.token.revoked']);
  });
});

test('a mistyped token is refused without a query', async () => {
  const { pool } = identity.database.db;
  const holder = await pool.connect();
  try {
    await holder.query('begin; lock table access_tokens in access exclusive mode');
    let answered = false;
    const wellFormed = resolve(ada.secret).then(() => (answered = true));
    const last = ada.secret.endsWith('0') ? '1' : '0';
    await expectError(resolve(ada.secret.slice(0, -1) + last), Code.Unauthenticated, 'CREDENTIAL_INVALID');
    expect(answered).toBe(false);
    await holder.query('rollback');
    await wellFormed;
  } finally {
    holder.release();
  }
});

test('a token that may only read cannot change anything', async () => {
  const { secret } = await identity.as(ada).tokens.createToken({ name: 'reader', readOnly: true });
  const reader = identity.withSecret(secret);
  expect((await reader.users.getCurrentUser({})).user?.id).toBe(ada.userId);
  expect((await reader.members.listMembers({})).members).toHaveLength(1);
  await expectError(reader.tokens.createToken({ name: 'x' }), Code.PermissionDenied, 'READ_ONLY_CREDENTIAL');
  await expectError(
    reader.workspaces.updateWorkspace({ id: ada.workspaceId, name: 'x' }),
    Code.PermissionDenied,
    'READ_ONLY_CREDENTIAL',
  );
});

test('a token of one workspace works there only, and reaches no further', async () => {
  const second = (await identity.as(ada).workspaces.createWorkspace({ name: 'Second' })).workspace?.id ?? '';
  const { secret, token } = await identity
    .as(ada)
    .tokens.createToken({ name: 'one', workspaceId: ada.workspaceId });
  expect(token?.workspaceId).toBe(ada.workspaceId);
  const restricted = identity.withSecret(secret);
  expect((await restricted.members.listMembers({})).members).toHaveLength(1);
  await expectError(
    identity.withSecret(secret, second).members.listMembers({}),
    Code.NotFound,
    'WORKSPACE_NOT_FOUND',
  );
  expect((await restricted.workspaces.listWorkspaces({})).workspaces.map(({ id }) => id)).toEqual([
    ada.workspaceId,
  ]);
  await expectError(restricted.workspaces.getWorkspace({ id: second }), Code.NotFound, 'WORKSPACE_NOT_FOUND');
  await expectError(restricted.tokens.createToken({ name: 'x' }), Code.PermissionDenied, 'PERMISSION_DENIED');
  // Of its user's tokens it sees and deletes those that reach no further than itself.
  const { tokens } = await restricted.tokens.listTokens({});
  expect(tokens.length).toBeGreaterThan(0);
  expect(new Set(tokens.map(({ workspaceId }) => workspaceId)).size).toBe(1);
  expect(tokens[0]?.workspaceId).not.toBe('');
  for (const { id, workspaceId } of (await identity.as(ada).tokens.listTokens({})).tokens) {
    if (workspaceId !== '') continue;
    await expectError(restricted.tokens.deleteToken({ id }), Code.NotFound, 'TOKEN_NOT_FOUND');
  }
  await expectError(
    restricted.workspaces.createWorkspace({ name: 'x' }),
    Code.PermissionDenied,
    'PERMISSION_DENIED',
  );
});

test('nobody restricts a token to a workspace of others', async () => {
  const eve = await identity.aPerson('Eve');
  await expectError(
    identity.as(eve).tokens.createToken({ name: 'x', workspaceId: ada.workspaceId }),
    Code.NotFound,
    'WORKSPACE_NOT_FOUND',
  );
});
