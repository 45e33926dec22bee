import { expect, test } from 'vitest';
import { MessageBounds } from './message-bounds.ts';

const message = (length: number, flags = 0): Buffer =>
  Buffer.concat([Buffer.from([flags, 0, 0, length >> 8, length & 255]), Buffer.alloc(length)]);

test('messages are found in chunks of any size', () => {
  const body = Buffer.concat([message(3), message(0), message(300), message(1)]);
  for (const size of [1, 2, 3, 5, 7, 8, 300, body.length]) {
    const bounds = new MessageBounds();
    const ends: number[] = [];
    for (let at = 0; at < body.length; at += size) {
      expect(bounds.pass(body.subarray(at, at + size), false)).toBe(Math.min(size, body.length - at));
      if (bounds.isBetween) ends.push(Math.min(at + size, body.length));
    }
    expect(ends.at(-1)).toBe(body.length);
    if (size === 1) expect(ends).toEqual([8, 13, 318, 324]);
  }
});

test('stops where the message ends that has begun, and takes no other', () => {
  const bounds = new MessageBounds();
  expect(bounds.pass(message(9).subarray(0, 4), true)).toBe(0);
  expect(bounds.pass(message(9).subarray(0, 4), false)).toBe(4);
  expect(bounds.isBetween).toBe(false);
  expect(bounds.pass(Buffer.concat([message(9).subarray(4), message(2)]), true)).toBe(10);
  expect([bounds.isBetween, bounds.isOver]).toEqual([true, false]);
});

test.each([0x80, 0x02, 0x03])('knows the last one by its flags: %i', (flags) => {
  const bounds = new MessageBounds();
  bounds.pass(message(4, flags), false);
  expect(bounds.isOver).toBe(true);
});
