import { createCallerVerifier } from '@cnap/auth';
import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';
import { startTestIdentity } from './test-identity.ts';

const identity = await startTestIdentity();
afterAll(() => identity[Symbol.asyncDispose]());

const gateway = identity.asService('gateway').callers;
const verifier = createCallerVerifier({
  audience: 'billing',
  getKeys: async () => JSON.parse((await gateway.getSigningKeys({})).jwksJson),
});
const resolved = async (credential: string, address = '') => {
  const { callerToken } = await gateway.resolveCaller({ credential, workspaceId: '', address });
  return verifier.verify(callerToken);
};

/** A session as sign-in leaves it; sign-in itself is tested at the public port. */
async function aSession(userId: string, token: string, until = `now() + interval '1 year'`): Promise<string> {
  const id = newId('ses');
  await identity.sql(`insert into sessions (id, token, user_id, expires_at) values ($1, $2, $3, ${until})`, [
    id,
    token,
    userId,
  ]);
  return id;
}

test('a session is a credential, as a bearer token and as a cookie has it', async () => {
  const ada = await identity.aPerson('Ada');
  const token = 'a'.repeat(32);
  const id = await aSession(ada.userId, token);
  for (const credential of [token, `${token}.c2lnbmF0dXJl%3D`]) {
    expect(await resolved(credential)).toMatchObject({
      kind: 'user',
      userId: ada.userId,
      workspaceId: ada.workspaceId,
      role: 'owner',
      readOnly: false,
      credentialId: id,
    });
  }
});

test.each([
  'b'.repeat(32),
  'a'.repeat(31),
  `${'a'.repeat(32)}.`,
  `${'a'.repeat(32)}.x.y`,
  `${'a'.repeat(31)}' or ''='`,
  'eyJhbGciOiJFZERTQSJ9.eyJzaWQiOiJ4In0.AAAA',
])('%s is none', async (credential) => {
  await expectError(resolved(credential), Code.Unauthenticated, 'CREDENTIAL_INVALID');
});

test('an expired session is none, and is removed', async () => {
  const bob = await identity.aPerson('Bob');
  const token = 'e'.repeat(32);
  const id = await aSession(bob.userId, token, `now() - interval '1 second'`);
  await expectError(resolved(token), Code.Unauthenticated, 'CREDENTIAL_INVALID');
  await using _another = await identity.startAnother();
  await eventually(async () =>
    expect(await identity.sql('select 1 from sessions where id = $1', [id])).toEqual([]),
  );
});

test('an operator has proved the address', async () => {
  const operator = await identity.aPerson('Operator');
  const token = 'f'.repeat(32);
  await aSession(operator.userId, token);
  expect(await resolved(token)).toMatchObject({ operator: true });
  await identity.sql('update users set email_verified = false where id = $1', [operator.userId]);
  for (const credential of [token, operator.secret]) {
    expect(await resolved(credential)).toMatchObject({ operator: false });
  }
});

test('what has not even the form of a credential costs no query', async () => {
  await identity.sql('delete from rate_limits');
  await expectError(resolved(`cnap_pat_${'x'.repeat(40)}`, '203.0.113.8'), Code.Unauthenticated);
  expect(await identity.sql('select 1 from rate_limits')).toEqual([]);
});

test('wrong credentials are counted by address, an IPv6 /64 as one; right ones are not', async () => {
  const carol = await identity.aPerson('Carol');
  await identity.sql('delete from rate_limits');
  const wrong = (n: number) => resolved('w'.repeat(32), `2001:db8:0:1::${n}`);
  await expectError(wrong(1), Code.Unauthenticated, 'CREDENTIAL_INVALID');
  expect(await identity.sql('update rate_limits set uses = 1199 returning uses')).toHaveLength(1);
  await expectError(wrong(2), Code.Unauthenticated, 'CREDENTIAL_INVALID');
  await expectError(wrong(3), Code.ResourceExhausted, 'RATE_LIMITED');
  expect(await resolved(carol.secret, '2001:db8:0:1::1')).toMatchObject({ userId: carol.userId });
  await expectError(resolved('w'.repeat(32), '2001:db8:0:2::1'), Code.Unauthenticated, 'CREDENTIAL_INVALID');
});
