// An object as a change of another: https://git-scm.com/docs/gitformat-pack#_deltified_representation
import { answerInvalid } from './pkt-line.ts';

/** @param take is told how large the result will be, before room is made for it */
export function applyDelta(base: Uint8Array, delta: Uint8Array, take: (bytes: number) => void): Uint8Array {
  let at = 0;
  const byte = (): number => {
    const value = delta[at++];
    if (value === undefined) throw answerInvalid('holds a delta that is cut off');
    return value;
  };
  const length = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const current = byte();
      value += (current & 0x7f) * 2 ** shift;
      if ((current & 0x80) === 0) return value;
    }
  };
  if (length() !== base.byteLength) throw answerInvalid('holds a delta of another base');
  const size = length();
  take(size);
  const result = Buffer.alloc(size);
  let end = 0;
  const append = (bytes: Uint8Array, wanted: number) => {
    if (bytes.byteLength !== wanted || end + wanted > size)
      throw answerInvalid('holds a delta that is damaged');
    result.set(bytes, end);
    end += wanted;
  };
  while (at < delta.byteLength) {
    const command = byte();
    if (command === 0) throw answerInvalid('holds a delta that is damaged');
    if ((command & 0x80) === 0) {
      append(delta.subarray(at, at + command), command);
      at += command;
      continue;
    }
    let offset = 0;
    let count = 0;
    for (let bit = 0; bit < 4; bit += 1) if (command & (1 << bit)) offset += byte() * 2 ** (8 * bit);
    for (let bit = 0; bit < 3; bit += 1) if (command & (0x10 << bit)) count += byte() * 2 ** (8 * bit);
    if (count === 0) count = 0x10000;
    append(base.subarray(offset, offset + count), count);
  }
  if (end !== size) throw answerInvalid('holds a delta that is damaged');
  return result;
}
