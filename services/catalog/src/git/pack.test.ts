import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { packLimits, readPack } from './pack.ts';

const header = (type: number, size: number): number[] => {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = size >> 4; rest > 0; rest >>= 7) {
    bytes[bytes.length - 1]! |= 0x80; // there is always a byte before
    bytes.push(rest & 0x7f);
  }
  return bytes;
};
const entry = (type: number, content: Uint8Array, base: number[] = [], size = content.byteLength) =>
  Buffer.concat([Buffer.from([...header(type, size), ...base]), deflateSync(content)]);
const packOf = (...entries: Uint8Array[]): Buffer => {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(entries.length, 8);
  const body = Buffer.concat([head, ...entries]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
};
const blobId = (text: string) => createHash('sha1').update(`blob ${text.length}\0${text}`).digest('hex');
/** hello, then " world" */
const delta = Buffer.from([5, 11, 0x90, 5, 6, ...Buffer.from(' world')]);

test('objects and deltas of both kinds come out under their ids', async () => {
  const hello = entry(3, Buffer.from('hello'));
  const byId = entry(7, delta, [...Buffer.from(blobId('hello'), 'hex')]);
  const byOffset = entry(6, delta, [hello.byteLength + byId.byteLength]);
  const objects = await readPack(packOf(hello, byId, byOffset));
  expect([...objects.keys()]).toEqual([blobId('hello'), blobId('hello world')]);
  expect(objects.get(blobId('hello world'))).toMatchObject({
    type: 'blob',
    bytes: Buffer.from('hello world'),
  });
  // A base may come after what is made of it.
  expect((await readPack(packOf(byId, hello))).size).toBe(2);
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['what is no pack', Buffer.alloc(64)],
  ['a pack that is cut off', packOf(entry(3, Buffer.from('hello'))).subarray(0, 13)],
  ['an object that is larger than it says', packOf(entry(3, Buffer.from('hello'), [], 3))],
  ['an object that is smaller than it says', packOf(entry(3, Buffer.from('hello'), [], 9))],
  ['damage', packOf(Buffer.concat([Buffer.from(header(3, 5)), Buffer.alloc(20)]))],
  [
    'a delta without its base',
    packOf(
      entry(
        7,
        delta,
        Array.from({ length: 20 }, () => 1),
      ),
    ),
  ],
  ['a delta of another base', packOf(entry(3, Buffer.from('hell')), entry(6, delta, [13]))],
  [
    'a delta that copies from nowhere',
    packOf(entry(3, Buffer.from('hello')), entry(6, Buffer.from([5, 9, 0x91, 4, 9]), [14])),
  ],
  [
    'a delta that ends early',
    packOf(entry(3, Buffer.from('hello')), entry(6, Buffer.from([5, 9, 0x90]), [14])),
  ],
])('%s is refused', async (_, pack) => {
  await expect(readPack(pack)).rejects.toMatchObject({ reason: 'GIT_ANSWER_INVALID' });
});

test('bombs are refused before there is room for them', async () => {
  const limits = { ...packLimits, maxUnpackedBytes: 1_000 };
  const zeros = entry(3, Buffer.alloc(2_000));
  await expect(readPack(packOf(zeros), limits)).rejects.toMatchObject({ reason: 'SOURCE_TOO_LARGE' });
  const grown = Buffer.from([5, 0xff, 0xff, 0xff, 0x7f]);
  const pack = packOf(entry(3, Buffer.from('hello')), entry(6, grown, [14]));
  await expect(readPack(pack, limits)).rejects.toMatchObject({ reason: 'SOURCE_TOO_LARGE' });
  const many = Buffer.alloc(64);
  many.write('PACK\0\0\0\u0002', 'latin1');
  many.writeUInt32BE(0xffffffff, 8);
  await expect(readPack(many)).rejects.toMatchObject({ reason: 'SOURCE_TOO_LARGE' });
});
