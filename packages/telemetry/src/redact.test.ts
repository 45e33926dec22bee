import { expect, test } from 'vitest';
import { redact, redactText } from './redact.ts';

const canary = 'canary-5f1e';

test.each([
  'token',
  'accessToken',
  'client_secret',
  'password',
  'PASSWORD',
  'authorization',
  'set-cookie',
  'kubeconfig',
  'privateKey',
  'api_key',
  'DATABASE_URL',
  'values',
  'inputs',
])('what is under %s is hidden at any depth', (key) => {
  const line = JSON.stringify(redact({ a: [{ b: new Map([['c', { [key]: { deep: canary } }]]) }] }));
  expect(line).not.toContain(canary);
  expect(line).toContain('[redacted]');
});

test.each(['tokenId', 'credential_id', 'page_token', 'secretName', 'orderId', 'tokenCount'])(
  'what is under %s is shown',
  (key) => {
    expect(redact({ [key]: 'shown' })).toEqual({ [key]: 'shown' });
  },
);

test.each([
  'cnap_pat_0123456789abcdefghijABCDEFGHIJ0123456789',
  'sk_test_51Habcdef',
  'sk_live_51Habcdef',
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----',
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEow cut off',
  'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1c3JfMSJ9.c2lnbmF0dXJl',
])('a value that looks like a credential is hidden in any text: %s', (secret) => {
  expect(redactText(`before ${secret} after`)).not.toContain(secret.slice(10, 30));
  expect(JSON.stringify(redact({ note: [`x ${secret}`] }))).not.toContain(secret.slice(12, 24));
});

test('passwords in URLs and authorization headers in text are hidden, the rest stays', () => {
  expect(redactText('connect postgres://billing:hunter2@db:5432/cnap failed')).toBe(
    'connect postgres://billing:[redacted]@db:5432/cnap failed',
  );
  expect(redactText('sent Authorization: Bearer abcdefgh12345678 twice')).toBe(
    'sent Authorization: Bearer [redacted] twice',
  );
  expect(redactText('see https://docs.example/basic')).toBe('see https://docs.example/basic');
});

test('errors keep their fields and causes, without secrets', () => {
  const error = Object.assign(
    new Error(`no sk_test_${canary}0000`, { cause: new Error(`whsec_${canary}`) }),
    {
      reason: 'X_FAILED',
      password: canary,
    },
  );
  const copy = redact({ err: error });
  expect(copy).toMatchObject({ err: { type: 'Error', reason: 'X_FAILED', cause: { type: 'Error' } } });
  expect(JSON.stringify(copy)).not.toContain(canary);
});

test('cycles, depth, binary data and odd values end', () => {
  const round: Record<string, unknown> = {
    bytes: new Uint8Array(3),
    big: 1n,
    when: new Date(0),
    nothing: null,
  };
  round['self'] = round;
  expect(redact(round)).toEqual({
    bytes: '[3 bytes]',
    big: '1',
    when: '1970-01-01T00:00:00.000Z',
    nothing: null,
    self: '[circular]',
  });
  let deep: object = { canary };
  for (let level = 0; level < 50; level++) deep = { deep };
  expect(JSON.stringify(redact(deep))).not.toContain(canary);
});
