import { expect, test } from 'vitest';
import { follows } from './version.ts';

test.each([
  ['patch', '1.2.3', '1.2.4', true],
  ['patch', '1.2.9', '1.2.10', true],
  ['patch', '1.2.3', '1.3.0', false],
  ['patch', '1.2.3', '2.0.0', false],
  ['all', '1.2.3', '2.0.0', true],
  ['all', '1.10.0', '1.9.9', false],
  ['all', '1.2.3', '1.2.3', false],
  ['manual', '1.2.3', '1.2.4', false],
] as const)('%s: from %s to %s is %s', (policy, from, to, moves) => {
  expect(follows(policy, from, to)).toBe(moves);
});
