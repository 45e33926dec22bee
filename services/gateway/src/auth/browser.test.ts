import { expect, test } from 'vitest';
import { isSameOrigin, refuseCrossSite, sessionIn } from './browser.ts';

const http = 'http://127.0.0.1:8080';
const https = 'https://cnap.example';

test('over https only the cookie that was set over https is a session', () => {
  const both = 'a=b; cnap.session_token=plain.x; __Secure-cnap.session_token=secure.x%3D';
  expect(sessionIn(both, https)).toBe('secure.x=');
  expect(sessionIn(both, http)).toBe('plain.x');
  expect(sessionIn('cnap.session_token=plain', https)).toBeUndefined();
  expect(sessionIn('xcnap.session_token=a', http)).toBeUndefined();
  expect(sessionIn('cnap.session_token=%', http)).toBeUndefined();
  expect(sessionIn(`cnap.session_token=${'x'.repeat(600)}`, http)).toBeUndefined();
  expect(sessionIn(undefined, http)).toBeUndefined();
});

test.each([
  [{ 'sec-fetch-site': 'same-origin' }, true],
  [{ 'sec-fetch-site': 'none' }, true],
  [{ 'sec-fetch-site': 'same-site', origin: https }, false],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ origin: https }, true],
  [{ origin: 'https://other.example', host: 'other.example' }, true],
  [{ origin: 'http://cnap.example' }, false],
  [{ origin: 'https://evil.example', host: 'cnap.example' }, false],
  [{ origin: 'null' }, false],
  [{}, false],
])('%j: %s', (headers, same) => {
  expect(isSameOrigin({ headers }, https)).toBe(same);
});

test('what is safe is not asked', () => {
  const headers = { 'sec-fetch-site': 'cross-site' };
  expect(() => refuseCrossSite({ method: 'GET', headers }, https)).not.toThrow();
  expect(() => refuseCrossSite({ method: 'POST', headers }, https)).toThrowError(
    expect.objectContaining({ reason: 'CROSS_SITE_REQUEST' }),
  );
});
