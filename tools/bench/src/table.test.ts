import { expect, test } from 'vitest';
import { rewritten } from './document.ts';
import { isReached, ratioOf, type Figure, type Result } from './result.ts';
import { amount, markdownTable, textTable } from './table.ts';

const beside = { what: 'by hand', value: 400 };
const fast: Figure = { what: 'a sale', value: 300, unit: 'ms', beside, goal: { most: 1_000 } };
const slow: Figure = {
  what: 'another, which takes longer',
  value: 1_200,
  unit: 'ms',
  beside,
  goal: { mostTimes: 1 },
};
const few: Figure = { what: 'events', value: 99.94, unit: '/s', goal: { least: 2_000 } };

test('goals are about the value, or about the ratio', () => {
  expect([fast, slow, few].map(isReached)).toEqual([true, false, false]);
  expect(isReached({ ...slow, value: 400 })).toBe(true);
  expect(isReached({ ...few, value: 2_000 })).toBe(true);
  expect(isReached({ what: 'x', value: 1, unit: 'ms' })).toBeUndefined();
  expect(isReached({ what: 'x', value: 1, unit: 'ms', goal: { mostTimes: 1 } })).toBe(false);
});

test('a ratio needs something beside it', () => {
  expect(ratioOf(fast)).toBe(0.75);
  expect(ratioOf(few)).toBeUndefined();
  expect(ratioOf({ ...fast, beside: { what: 'nothing', value: 0 } })).toBeUndefined();
});

test('numbers have as many digits as they are worth', () => {
  expect(amount(1_234.5, 'ms')).toBe('1235 ms');
  expect(amount(12.34, 'MB')).toBe('12.3 MB');
  expect(amount(0.456, 's')).toBe('0.46 s');
  expect(amount(99.94, '/s')).toBe('99.9/s');
  expect(amount(Number.NaN, 'ms')).toBe('nothing');
});

test('columns line up', () => {
  expect(textTable([fast, slow, few]).split('\n')).toEqual([
    'What                         Measured  Beside it         Ratio       Goal  Reached',
    'a sale                         300 ms  by hand: 400 ms  0.75 ×  ≤ 1000 ms  yes',
    'another, which takes longer   1200 ms  by hand: 400 ms  3.00 ×      ≤ 1 ×  no',
    'events                         99.9/s                            ≥ 2000/s  no',
  ]);
  const lengths = markdownTable([fast, slow, few])
    .split('\n')
    .map((line) => line.length);
  expect(new Set(lengths).size).toBe(1);
});

const result: Result = {
  name: 'sale',
  date: '2026-11-20T10:11:12.000Z',
  machine: { cores: 2, memoryGiB: 24, node: '24.0.0', loadBefore: 0.12 },
  quick: false,
  kubernetes: 'kubesim',
  seconds: 40,
  figures: [fast],
  notes: ['Said in passing.'],
};
const text = ['# Sale', '<!-- bench:sale -->', 'old', '<!-- /bench:sale -->', 'Kept words.'].join('\n');

test('a rerun replaces what is between the markers, and nothing else', () => {
  const once = rewritten(text, [result]);
  expect(once).toMatch(/^# Sale\n<!-- bench:sale -->\n\n2026-11-20 10:11 UTC · 2 cores, 24 GiB, Node 24.0.0/);
  expect(once).toContain(markdownTable([fast]));
  expect(once).toContain('- Said in passing.');
  expect(once).not.toContain('old');
  expect(once).toMatch(/<!-- \/bench:sale -->\nKept words\.$/);
  expect(rewritten(once, [result])).toBe(once);
});

test('few samples and another Kubernetes are told apart', () => {
  expect(rewritten(text, [{ ...result, quick: true }])).toContain('few samples');
  expect(() => rewritten(text, [{ ...result, kubernetes: 'real' }])).toThrow('no place for sale-real');
});
