import { timestampMs } from '@bufbuild/protobuf/wkt';
import { createCallerVerifier } from '@cnap/auth';
import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { expectError } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestIdentity, type Person } from './test-identity.ts';

const identity = await startTestIdentity();
afterAll(() => identity[Symbol.asyncDispose]());

const gateway = identity.asService('gateway').callers;
// What any other service does with a caller token.
const verifier = createCallerVerifier({
  audience: 'billing',
  getKeys: async () => JSON.parse((await gateway.getSigningKeys({})).jwksJson),
});
async function resolved(credential: string, workspaceId = '', address = '') {
  const answer = await gateway.resolveCaller({ credential, workspaceId, address });
  return { answer, caller: await verifier.verify(answer.callerToken) };
}

let ada: Person, bob: Person;
beforeAll(async () => {
  [ada, bob] = [await identity.aPerson('Ada'), await identity.aPerson('Bob')];
});

test('the named workspace, with the role there', async () => {
  await identity.join(ada.workspaceId, bob, 'viewer');
  const { answer, caller } = await resolved(bob.secret, ada.workspaceId, '203.0.113.7');
  expect(caller).toMatchObject({
    kind: 'user',
    userId: bob.userId,
    email: 'bob@example.test',
    name: 'Bob',
    workspaceId: ada.workspaceId,
    role: 'viewer',
    readOnly: false,
    operator: false,
    address: '203.0.113.7',
  });
  expect(answer).toMatchObject({ userId: bob.userId, workspaceId: ada.workspaceId });
  expect(answer.credentialId).toMatch(/^tok_/);
  const lifeMs = (answer.expireTime ? timestampMs(answer.expireTime) : 0) - Date.now();
  expect(lifeMs).toBeGreaterThan(30_000);
  expect(lifeMs).toBeLessThanOrEqual(60_000);
});

test('the only workspace, when none is named', async () => {
  expect((await resolved(ada.secret)).caller).toMatchObject({ workspaceId: ada.workspaceId, role: 'owner' });
});

test('no workspace, when there are several and none is named', async () => {
  const { caller } = await resolved(bob.secret);
  expect(caller).toMatchObject({ kind: 'user', userId: bob.userId });
  expect(caller).not.toHaveProperty('workspaceId');
  expect(caller).not.toHaveProperty('role');
});

test.each(['ws_00000000000000000000000000', 'nonsense'])(
  'a workspace the user is no member of gives no role: %s',
  async (workspaceId) => {
    const { caller } = await resolved(ada.secret, workspaceId);
    expect(caller).toMatchObject({ workspaceId });
    expect(caller).not.toHaveProperty('role');
  },
);

test('the workspace of a restricted token, and no role elsewhere', async () => {
  const second = (await identity.as(ada).workspaces.createWorkspace({ name: 'Second' })).workspace?.id ?? '';
  const { secret } = await identity
    .as(ada, ada.workspaceId)
    .tokens.createToken({ name: 'one', workspaceId: second, readOnly: true });
  expect((await resolved(secret)).caller).toMatchObject({
    workspaceId: second,
    role: 'owner',
    readOnly: true,
  });
  expect((await resolved(secret, ada.workspaceId)).caller).not.toHaveProperty('role');
});

test('operators are known by their address, whatever its case in the settings', async () => {
  const operator = await identity.aPerson('Operator');
  expect((await resolved(operator.secret)).caller).toMatchObject({ operator: true });
});

test.each(['x', 'cnap_pat_', `cnap_pat_${'0'.repeat(40)}`])('%s is CREDENTIAL_INVALID', async (text) => {
  await expectError(resolved(text), Code.Unauthenticated, 'CREDENTIAL_INVALID');
});

test('a well-formed token that is not known is CREDENTIAL_INVALID', async () => {
  const eve = await identity.aPerson('Eve');
  await identity.sql('delete from access_tokens where user_id = $1', [eve.userId]);
  await expectError(resolved(eve.secret), Code.Unauthenticated, 'CREDENTIAL_INVALID');
});

test('use is recorded', async () => {
  const dan = await identity.aPerson('Dan');
  await resolved(dan.secret);
  const [token] = (await identity.as(dan).tokens.listTokens({})).tokens;
  expect(token?.lastUseTime).toBeDefined();
});

test('only services resolve callers and read signing keys', async () => {
  const request = { credential: ada.secret };
  await expectError(
    identity.asAnybody().callers.resolveCaller(request),
    Code.Unauthenticated,
    'SIGN_IN_REQUIRED',
  );
  await expectError(
    identity.as(ada).callers.resolveCaller(request),
    Code.PermissionDenied,
    'PERMISSION_DENIED',
  );
  await expectError(identity.as(ada).callers.getSigningKeys({}), Code.PermissionDenied, 'PERMISSION_DENIED');
  await expectError(
    identity.as(ada).owners.getWorkspaceOwner({ workspaceId: newId('ws') }),
    Code.PermissionDenied,
    'PERMISSION_DENIED',
  );
});
