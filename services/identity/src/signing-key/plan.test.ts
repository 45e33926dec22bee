import { expect, test } from 'vitest';
import { knownAfterMs, rotation, signingKey, signsForMs } from './plan.ts';

const now = new Date(Date.UTC(2026, 10, 20));
const key = (id: string, age: number) => ({ id, created_at: new Date(now.getTime() - age) });

test('the first key is made', () => {
  expect(rotation([], now)).toEqual({ make: true, drop: [] });
});

test('a young key stays alone', () => {
  expect(rotation([key('a', signsForMs - 1)], now)).toEqual({ make: false, drop: [] });
});

test('an old key is followed by a new one, and stays published for a day', () => {
  expect(rotation([key('a', signsForMs)], now)).toEqual({ make: true, drop: [] });
  expect(rotation([key('b', 1_000), key('a', signsForMs + 1_000)], now)).toEqual({ make: false, drop: [] });
});

test('a key that signs nothing any more is dropped', () => {
  expect(rotation([key('b', 1_000), key('a', signsForMs + 86_400_000)], now)).toEqual({
    make: false,
    drop: ['a'],
  });
});

test('a new key signs once every process has read it; the very first one signs at once', () => {
  expect(signingKey([key('b', knownAfterMs - 1), key('a', signsForMs)], now)?.id).toBe('a');
  expect(signingKey([key('b', knownAfterMs), key('a', signsForMs)], now)?.id).toBe('b');
  expect(signingKey([key('a', 0)], now)?.id).toBe('a');
  expect(signingKey([], now)).toBeUndefined();
});
