import { expect, test } from 'vitest';
import { rotation, signsForMs } from './plan.ts';

const now = Date.UTC(2026, 10, 20);
const key = (id: string, age: number) => ({ id, created_at: new Date(now - age) });

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
