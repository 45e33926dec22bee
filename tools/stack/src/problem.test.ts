import { expect, test } from 'vitest';
import { Mistake } from './options.ts';
import { problemOf } from './problem.ts';

test('a mistake is told as it is', () => {
  expect(problemOf(new Mistake('port 8080 is in use'))).toBe('port 8080 is in use');
});

test('a full disk is told in one line, whoever met it', () => {
  const ours = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const postgres = new Error('initdb: could not write to file "x":\n No space left on device');
  for (const error of [ours, postgres]) expect(problemOf(error)).toMatch(/^the disk is full: .*CNAP_DATA$/);
});

test('anything else keeps its words, on one line', () => {
  expect(problemOf(new Error('first\nsecond'))).toBe('first second');
});
