import { expect, test } from 'vitest';
import { median, percentile } from './statistics.ts';

test('a percentile is one of the values, by nearest rank', () => {
  const values = [50, 10, 40, 20, 30];
  expect(percentile(values, 0)).toBe(10);
  expect(percentile(values, 0.2)).toBe(10);
  expect(percentile(values, 0.21)).toBe(20);
  expect(median(values)).toBe(30);
  expect(percentile(values, 0.95)).toBe(50);
  expect(values).toEqual([50, 10, 40, 20, 30]);
});

test('nothing has no percentile', () => {
  expect(median([])).toBeNaN();
});
