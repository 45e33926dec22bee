import { expect, test } from 'vitest';
import { addIntervals, periodEnd } from './period.ts';

const at = (text: string): number => Date.parse(text) / 1000;
const monthly = { interval: 'month', interval_count: 1 } as const;

test('the 31st becomes the last day of a shorter month and comes back', () => {
  const anchor = at('2026-01-31T10:00:00Z');
  expect(addIntervals(anchor, monthly, 1)).toBe(at('2026-02-28T10:00:00Z'));
  expect(periodEnd(anchor, monthly, at('2026-02-28T10:00:00Z'))).toBe(at('2026-03-31T10:00:00Z'));
});

test('a leap day has its birthday on the 28th', () => {
  const yearly = { interval: 'year', interval_count: 1 } as const;
  expect(addIntervals(at('2028-02-29T00:00:00Z'), yearly, 1)).toBe(at('2029-02-28T00:00:00Z'));
  expect(addIntervals(at('2028-02-29T00:00:00Z'), yearly, 4)).toBe(at('2032-02-29T00:00:00Z'));
});

test('weeks and several months', () => {
  expect(periodEnd(0, { interval: 'week', interval_count: 2 }, 0)).toBe(14 * 86_400);
  expect(addIntervals(at('2026-11-30T00:00:00Z'), { interval: 'month', interval_count: 3 }, 1)).toBe(
    at('2027-02-28T00:00:00Z'),
  );
});
