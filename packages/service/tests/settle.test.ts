import { expect, test } from 'vitest';
import { settle } from '../src/settle.ts';

const heapMB = () => process.memoryUsage().heapUsed / 2 ** 20;

/** Makes objects that nobody needs once this returns; they are too many to go by themselves meanwhile. */
function load(): number {
  const loaded = Array.from({ length: 1_000_000 }, (_, index) => ({ index }));
  expect(heapMB()).toBeGreaterThan(20);
  return loaded.length;
}

test('what a start leaves behind is given back', () => {
  settle();
  const before = heapMB();
  expect(load()).toBe(1_000_000);
  settle();
  expect(heapMB()).toBeLessThan(before + 5);
});
