import { expect, test } from 'vitest';

import { carriedBase64, carriedText } from './generated-text.ts';

test.each([
  ['a password alone', 'abc123', 'xyz789', 'old456', 'old456'],
  [
    'a setting beside it has changed',
    'title: two\npassword: "abc"',
    'title: two\npassword: "xyz"',
    'title: one\npassword: "old"',
    'title: two\npassword: "old"',
  ],
  [
    'a line more before it',
    'a: 1\nb: 2\npassword: abc',
    'a: 1\nb: 2\npassword: xyz',
    'a: 1\npassword: old',
    'a: 1\nb: 2\npassword: old',
  ],
  [
    'in the middle of an address that has changed',
    'db://u:abc@new/app',
    'db://u:xyz@new/app',
    'db://u:old@host/app',
    'db://u:old@new/app',
  ],
  ['that begins alike by chance', 'pw=abc;', 'pw=axc;', 'pw=old;', 'pw=old;'],
  ['that begins with a sign by chance', '#abc', '#xyz', 'old', 'old'],
  ['that was not there before', 'key=abc\npw=def', 'key=ghi\npw=jkl', 'pw=old', 'key=abc\npw=old'],
  [
    'a certificate',
    '-----BEGIN\nabc\n-----END',
    '-----BEGIN\nxyz\n-----END',
    '-----BEGIN\nold\nmore\n-----END',
    '-----BEGIN\nold\nmore\n-----END',
  ],
  ['twice in lines alike', 'p: "a1"\np: "b1"', 'p: "a2"\np: "b2"', 'p: "x"\np: "y"', 'p: "x"\np: "y"'],
])('%s', (_, now, again, before, carried) => {
  expect(carriedText(now, again, before)).toBe(carried);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  expect(carriedBase64(base64(now), base64(again), base64(before))).toBe(base64(carried));
});
