import { expect, test } from 'vitest';
import { chooseVersion, isVersionRange } from './version.ts';

const versions = ['1.0.0', '1.2.3', '1.2.10', '2.0.0-rc.1', 'v2.0.0', '2.1.0-beta', 'nonsense'];

test.each([
  ['', 'v2.0.0'],
  ['1.2.3', '1.2.3'],
  ['v1.2.3', '1.2.3'],
  ['2.0.0', 'v2.0.0'],
  ['^1.0', '1.2.10'],
  ['1.2', '1.2.10'],
  ['>=1.0.0, <1.2.10', '1.2.3'],
  ['>=1.0 <2', '1.2.10'],
  ['>=2.0.0-0', '2.1.0-beta'],
  ['~1.0.0 || ^2', 'v2.0.0'],
  ['*', 'v2.0.0'],
  ['nonsense', 'nonsense'],
])('%j chooses %s', (wanted, chosen) => {
  expect(chooseVersion(versions, wanted)).toBe(chosen);
});

test.each(['3.0.0', '^9', '1.2.4', 'what'])('%j chooses nothing', (wanted) => {
  expect(chooseVersion(versions, wanted)).toBeUndefined();
});

test('tells a range from anything else', () => {
  expect(['', '1', '^1.2', '>=1, <2', 'v1.0.0'].every(isVersionRange)).toBe(true);
  expect(['latest please', '!!', '>=<'].some(isVersionRange)).toBe(false);
});
