import { expect, test } from 'vitest';
import type { Purchase } from './buy.ts';
import { percentile, summary, table } from './table.ts';

test.each([
  [[], 0.5, 0],
  [[7], 0.95, 7],
  [[3, 1, 2], 0.5, 2],
  [[4, 3, 2, 1], 0.5, 2],
  [Array.from({ length: 100 }, (_, index) => index + 1), 0.95, 95],
])('the percentile of %j at %d', (values, share, expected) => {
  expect(percentile(values, share)).toBe(expected);
});

const sold = (ms: Purchase['ms'], error?: string): Purchase => ({
  orderId: 'ord_1',
  installId: 'ins_1',
  ms,
  ...(error === undefined ? {} : { error }),
});

test('steps are counted where they were done, totals over what succeeded', () => {
  const purchases = [
    sold({ listing: 10, pay: 100 }),
    sold({ listing: 30, pay: 300 }),
    sold({ listing: 20 }, 'the card was declined'),
  ];
  expect(summary(purchases)).toEqual([
    { step: 'listing', count: 3, p50: 20, p95: 30 },
    { step: 'pay', count: 2, p50: 100, p95: 300 },
    { step: 'all', count: 2, p50: 110, p95: 330 },
  ]);
});

test('the columns of the table line up', () => {
  const lines = table([sold({ listing: 5, deliver: 12_345 })]).split('\n');
  expect(lines).toHaveLength(4);
  expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
  expect(lines[0]).toMatch(/^step +count +p50 +p95$/);
  expect(lines[2]).toMatch(/^deliver +1 /);
});
