import { expect, test } from 'vitest';
import { localPath, withNext } from './next.ts';

test.each(['/account', '/device?user_code=ABCD-EFGH', '/deploy/prd_1?region=reg_1'])(
  '%s is of this site',
  (path) => {
    expect(localPath(path)).toBe(path);
  },
);

test.each([
  null,
  '',
  'account',
  'https://evil.example',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/.//evil.example',
  '/x/..//evil.example',
  'javascript:alert(1)',
  `/${'x'.repeat(2_000)}`,
])('%j is not', (path) => {
  expect(localPath(path)).toBe('/account');
});

test('a link carries it', () => {
  expect(withNext('/sign-up', '/device?user_code=A')).toBe('/sign-up?next=%2Fdevice%3Fuser_code%3DA');
  expect(withNext('/sign-up', '/account')).toBe('/sign-up');
});
