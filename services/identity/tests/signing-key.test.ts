import { createCallerVerifier } from '@cnap/auth';
import { decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { startTestIdentity } from './test-identity.ts';

const day = 86_400_000;
const identity = await startTestIdentity();
afterAll(() => identity[Symbol.asyncDispose]());

type Callers = ReturnType<typeof identity.asService>['callers'];
const keysOf = async (callers: Callers): Promise<string[]> => {
  const { keys } = JSON.parse((await callers.getSigningKeys({})).jwksJson) as JSONWebKeySet;
  return keys.map(({ kid }) => kid ?? '');
};
const keyOf = (token: string) => decodeProtectedHeader(token).kid;

test('keys are sealed, and what is published holds no private part', async () => {
  const { jwksJson } = await identity.asService('gateway').callers.getSigningKeys({});
  for (const key of (JSON.parse(jwksJson) as JSONWebKeySet).keys) {
    expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519' });
    expect(key).not.toHaveProperty('d');
  }
  const [row] = await identity.sql('select sealed_private_key from signing_keys');
  const sealed = row?.['sealed_private_key'] as Buffer;
  // A raw key in base64 is 44 characters; in the clear it would be printable.
  expect(sealed.toString('latin1')).not.toMatch(/[A-Za-z0-9+/]{43}=/);
});

test('an old key hands over: published first, signing once everybody knows it, dropped at last', async () => {
  const ada = await identity.aPerson('Ada');
  const sign = async (callers: Callers) =>
    (await callers.resolveCaller({ credential: ada.secret })).callerToken;
  const first = await sign(identity.asService('gateway').callers);

  await identity.sql(`update signing_keys set created_at = created_at - interval '30 days'`);
  await using rotated = await identity.startAnother();
  const during = rotated.asService().callers;
  const [newer, older] = await keysOf(during);
  expect(older).toBe(keyOf(first));
  expect(keyOf(await sign(during))).toBe(older);

  await using later = await identity.startAnother({ now: () => new Date(Date.now() + 121_000) });
  const after = later.asService().callers;
  const token = await sign(after);
  expect(keyOf(token)).toBe(newer);
  const verifier = createCallerVerifier({
    audience: 'billing',
    getKeys: async () => JSON.parse((await after.getSigningKeys({})).jwksJson),
    now: () => Date.now() + 1_000,
  });
  expect(await verifier.verify(first)).toMatchObject({ userId: ada.userId });

  await using muchLater = await identity.startAnother({ now: () => new Date(Date.now() + 2 * day) });
  expect(await keysOf(muchLater.asService().callers)).toEqual([newer]);
});
