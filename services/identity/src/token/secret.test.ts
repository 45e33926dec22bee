import { expect, test } from 'vitest';
import { isTokenSecret, newTokenSecret } from './secret.ts';

test('a token has cnap_pat_ and 40 characters, and passes its own check', () => {
  const secret = newTokenSecret();
  expect(secret).toMatch(/^cnap_pat_[0-9A-Za-z]{40}$/);
  expect(isTokenSecret(secret)).toBe(true);
  expect(newTokenSecret()).not.toBe(secret);
});

test('a changed character is noticed', () => {
  const secret = newTokenSecret();
  const changed = secret[12] === 'a' ? 'b' : 'a';
  expect(isTokenSecret(secret.slice(0, 12) + changed + secret.slice(13))).toBe(false);
});

test.each(['', 'cnap_pat_', `cnap_pat_${'ä'.repeat(40)}`, `x${newTokenSecret()}`])(
  '%s is no token',
  (text) => {
    expect(isTokenSecret(text)).toBe(false);
  },
);
