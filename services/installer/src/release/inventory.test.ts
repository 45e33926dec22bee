import { expect, test } from 'vitest';
import type { InstallRow } from '../database.ts';
import { readOnce } from './inventory.ts';

test('the inventory is read once, and again after a write or for another revision', async () => {
  let reads = 0;
  const inventory = readOnce(async () => {
    reads += 1;
    return [];
  });
  const row = (revision: number) => ({ revision }) as InstallRow;
  await inventory.current(row(1));
  await inventory.current(row(1));
  expect(reads).toBe(1);
  inventory.changed();
  await inventory.current(row(1));
  expect(reads).toBe(2);
  await inventory.current(row(2));
  expect(reads).toBe(3);
});
