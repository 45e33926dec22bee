import { expect, test } from 'vitest';
import { idPrefixes, isId, newId, shortId } from './index.ts';
import type { IdPrefix } from './index.ts';

test('every kind of id is recognised as its own kind and no other', () => {
  const prefixes = Object.keys(idPrefixes) as IdPrefix[];
  for (const prefix of prefixes) {
    const id = newId(prefix);
    expect(prefixes.filter((other) => isId(other, id))).toEqual([prefix]);
  }
});

test.each([
  ['upper case', 'ws_01JZZZZZZZZZZZZZZZZZZZZZZZ'],
  ['letters outside the alphabet', 'ws_01jilou00000000000000000000'.slice(0, 29)],
  ['more than 128 bits', 'ws_8zzzzzzzzzzzzzzzzzzzzzzzzz'],
  ['too short', 'ws_01jzzzzzzzzzzzzzzzzzzzzzz'],
  ['too long', 'ws_01jzzzzzzzzzzzzzzzzzzzzzzzz'],
  ['a trailing line break', `${'ws_01jzzzzzzzzzzzzzzzzzzzzzzz'}\n`],
  ['a quote', `ws_01jzzzzzzzzzzzzzzzzzzzzzz'`],
  ['nothing but the prefix', 'ws_'],
  ['no prefix', '01jzzzzzzzzzzzzzzzzzzzzzzz'],
])('%s is not an id', (_, value) => {
  expect(isId('ws', value)).toBe(false);
});

test('ids made later sort later', () => {
  const before = newId('evt');
  const from = Date.now();
  while (Date.now() === from);
  expect(newId('evt') > before).toBe(true);
});

test('the short id is the random end', () => {
  const ids = Array.from({ length: 1000 }, () => shortId(newId('ins')));
  expect(new Set(ids).size).toBe(1000);
  expect(ids.every((id) => /^[0-9a-hjkmnp-tv-z]{12}$/.test(id))).toBe(true);
});
