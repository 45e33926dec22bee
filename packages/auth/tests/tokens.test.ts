import { SignJWT, UnsecuredJWT } from 'jose';
import { expect, test } from 'vitest';
import {
  createCallerSigner,
  createCallerVerifier,
  createServiceIdentity,
  generateKeys,
  parseServiceKeys,
  privateKeyOf,
  publicJwk,
  type UserCaller,
} from '../src/index.ts';

const user: UserCaller = {
  kind: 'user',
  userId: 'usr_1',
  email: 'ann@example.com',
  name: 'Ann',
  workspaceId: 'ws_1',
  role: 'member',
  readOnly: false,
  operator: false,
  credentialId: 'tok_1',
  address: '192.0.2.1',
};

function platform(options: { audience?: string } = {}) {
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const keys = generateKeys();
  const service = generateKeys();
  const asked = { times: 0, fail: false };
  const jwks = { keys: [publicJwk('k1', privateKeyOf(keys.privateKey))] };
  const verifier = createCallerVerifier({
    async getKeys() {
      asked.times += 1;
      if (asked.fail) throw new Error('identity is down');
      return jwks;
    },
    serviceKeys: parseServiceKeys(JSON.stringify({ billing: service.publicKey })),
    audience: options.audience ?? 'installer',
    now,
  });
  return {
    clock,
    asked,
    jwks,
    verifier,
    keys,
    signer: createCallerSigner({ keyId: 'k1', privateKey: keys.privateKey, now }),
    identity: createServiceIdentity({ service: 'billing', privateKey: service.privateKey, now }),
    now,
  };
}

const refused = { kind: 'unauthenticated', reason: 'CREDENTIAL_INVALID' };

test('a signed caller arrives as it was', async () => {
  const { signer, verifier } = platform();
  expect(await verifier.verify(await signer.sign(user))).toEqual(user);
  const { workspaceId: _, role: __, address: ___, ...bare } = user;
  expect(await verifier.verify(await signer.sign(bare))).toEqual(bare);
});

test('a service arrives as itself, only where it is meant for', async () => {
  const { identity, verifier } = platform();
  expect(await verifier.verify(await identity.token('installer'))).toEqual({
    kind: 'service',
    service: 'billing',
  });
  await expect(verifier.verify(await identity.token('clusters'))).rejects.toMatchObject(refused);
  await expect(platform().verifier.verify(await identity.token('installer'))).rejects.toMatchObject(refused);
});

test('a caller token for another service is refused', async () => {
  const { signer, verifier } = platform();
  expect(await verifier.verify(await signer.sign(user, 'installer'))).toEqual(user);
  await expect(verifier.verify(await signer.sign(user, 'billing'))).rejects.toMatchObject(refused);
});

test('a token ends after 60 s, also when it is remembered', async () => {
  const { signer, verifier, clock } = platform();
  const token = await signer.sign(user);
  await verifier.verify(token);
  clock.now += 50_000;
  await verifier.verify(token);
  clock.now += 20_000;
  await expect(verifier.verify(token)).rejects.toMatchObject(refused);
});

test('a signature from another key, none, or changed claims are refused', async () => {
  const { signer, verifier, now } = platform();
  const token = await signer.sign(user);
  const [head, body, signature] = token.split('.') as [string, string, string];
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
  const owner = Buffer.from(JSON.stringify({ ...claims, role: 'owner' })).toString('base64url');
  const stranger = createCallerSigner({ keyId: 'k1', privateKey: generateKeys().privateKey, now });
  for (const bad of [
    `${head}.${owner}.${signature}`,
    `${head}.${body}.`,
    await stranger.sign(user),
    new UnsecuredJWT(claims).encode(),
    'nonsense',
    '',
    'a.b.c',
  ]) {
    await expect(verifier.verify(bad)).rejects.toMatchObject(refused);
  }
});

test('the kinds of token are not taken for each other', async () => {
  const { keys, verifier } = platform();
  const crossed = await new SignJWT({})
    .setProtectedHeader({ alg: 'EdDSA', typ: 'cnap-service+jwt', kid: 'k1' })
    .setIssuer('k1')
    .setSubject('billing')
    .setAudience('installer')
    .setIssuedAt()
    .setExpirationTime('30s')
    .sign(privateKeyOf(keys.privateKey));
  await expect(verifier.verify(crossed)).rejects.toMatchObject(refused);
});

test('a token that claims a longer life than 60 s is refused when it is older', async () => {
  const { keys, verifier, clock } = platform();
  const { kind: _, userId, ...claims } = user;
  const issuedAt = Math.floor(clock.now / 1_000);
  const long = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'cnap-caller+jwt', kid: 'k1' })
    .setIssuer('identity')
    .setSubject(userId)
    .setAudience('cnap')
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + 3_600)
    .sign(privateKeyOf(keys.privateKey));
  clock.now += 120_000;
  await expect(verifier.verify(long)).rejects.toMatchObject(refused);
});

test('new keys are found, and strangers cannot make identity be asked for each token', async () => {
  const { signer, verifier, asked, clock, jwks, now } = platform();
  await verifier.verify(await signer.sign(user));
  expect(asked.times).toBe(1);
  const next = generateKeys();
  const nextSigner = createCallerSigner({ keyId: 'k2', privateKey: next.privateKey, now });
  for (let i = 0; i < 20; i++) {
    await expect(verifier.verify(await nextSigner.sign({ ...user, name: `${i}` }))).rejects.toMatchObject(
      refused,
    );
  }
  expect(asked.times).toBe(1);
  jwks.keys.push(publicJwk('k2', privateKeyOf(next.privateKey)));
  clock.now += 6_000;
  expect(await verifier.verify(await nextSigner.sign(user))).toEqual(user);
  expect(asked.times).toBe(2);
});

test('while identity is down known keys stay good and unknown ones are unavailable', async () => {
  const { signer, verifier, asked, clock } = platform();
  asked.fail = true;
  await expect(verifier.verify(await signer.sign(user))).rejects.toMatchObject({ kind: 'unavailable' });
  asked.fail = false;
  await verifier.verify(await signer.sign(user));
  asked.fail = true;
  clock.now += 600_000;
  expect(await verifier.verify(await signer.sign(user))).toEqual(user);
});

test('a service token is kept while half of its life is left', async () => {
  const { identity, clock } = platform();
  const first = await identity.token('installer');
  clock.now += 20_000;
  expect(await identity.token('installer')).toBe(first);
  clock.now += 20_000;
  expect(await identity.token('installer')).not.toBe(first);
});

test('keys that are none are refused without showing them', () => {
  expect(() => parseServiceKeys('{"billing":"short"}')).toThrow('32 bytes');
  expect(() => parseServiceKeys('[]')).toThrow('not a JSON object');
  expect(() => parseServiceKeys('canary')).toThrow(/^the service keys are not JSON$/);
});
