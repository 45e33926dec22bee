// The objects of a pack from a stranger, in memory: https://git-scm.com/docs/gitformat-pack
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type InflateRaw, inflateSync } from 'node:zlib';
import { DomainError, messageOf } from '@cnap/errors';
import { applyDelta } from './delta.ts';
import { answerInvalid } from './pkt-line.ts';

export type GitObject = { type: 'commit' | 'tree' | 'blob' | 'tag'; bytes: Uint8Array };

/** By their ids, which are the digests of their content: whatever a server sends, an id is what it says. */
export type GitObjects = Map<string, GitObject>;

export const packLimits = { maxObjects: 200_000, maxUnpackedBytes: 256 * 1024 * 1024, maxChain: 250 };

const types = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' } as const;
const offsetDelta = 6;
const objectDelta = 7;
const objectsPerTurn = 500;

type Entry = { at: number; type: number; bytes: Uint8Array; base?: number | string };
type Room = { left: number };

/** @throws DomainError GIT_ANSWER_INVALID for damage, SOURCE_TOO_LARGE above the limits */
export async function readPack(pack: Uint8Array, limits = packLimits): Promise<GitObjects> {
  const view = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  if (view.byteLength < 32 || view.toString('latin1', 0, 4) !== 'PACK' || view.readUInt32BE(4) !== 2) {
    throw answerInvalid('holds no pack of version 2');
  }
  const count = view.readUInt32BE(8);
  if (count > limits.maxObjects) throw tooLarge(`holds ${count} objects; ${limits.maxObjects} are allowed`);
  const room: Room = { left: limits.maxUnpackedBytes };
  const objects: GitObjects = new Map();
  const known = new Map<number, GitObject>();
  const keep = (at: number, object: GitObject) => {
    known.set(at, object);
    objects.set(idOf(object), object);
  };
  const deltas: Entry[] = [];
  let next = 12;
  for (let index = 0; index < count; index += 1) {
    if (index % objectsPerTurn === 0) await nextTurn();
    const { entry, end } = readEntry(view, next, room);
    next = end;
    const type = types[entry.type as keyof typeof types];
    if (type === undefined) deltas.push(entry);
    else keep(entry.at, { type, bytes: entry.bytes });
  }
  await resolveDeltas(deltas, room, limits.maxChain, {
    baseOf: ({ base }) => (typeof base === 'number' ? known.get(base) : objects.get(base ?? '')),
    keep,
  });
  return objects;
}

type Known = {
  baseOf(entry: Entry): GitObject | undefined;
  keep(at: number, object: GitObject): void;
};

/** A delta can be made into its object once its base is known, which may be a delta itself, and may come later. */
async function resolveDeltas(deltas: Entry[], room: Room, maxRounds: number, known: Known): Promise<void> {
  let waiting = deltas;
  for (let round = 0; waiting.length > 0; round += 1) {
    if (round > maxRounds) throw answerInvalid('holds deltas of deltas without end');
    const later: Entry[] = [];
    for (const [index, entry] of waiting.entries()) {
      if (index % objectsPerTurn === 0) await nextTurn();
      const base = known.baseOf(entry);
      if (base === undefined) later.push(entry);
      else
        known.keep(entry.at, {
          type: base.type,
          bytes: applyDelta(base.bytes, entry.bytes, (n) => take(room, n)),
        });
    }
    if (later.length === waiting.length) throw answerInvalid('holds deltas whose base it does not hold');
    waiting = later;
  }
}

function readEntry(view: Buffer, at: number, room: Room): { entry: Entry; end: number } {
  let position = at;
  const byte = () => {
    if (position >= view.byteLength) throw answerInvalid('holds a pack that is cut off');
    return view.readUInt8(position++);
  };
  let current = byte();
  const type = (current >> 4) & 7;
  let size = current & 15;
  for (let shift = 4; current & 0x80; shift += 7) {
    current = byte();
    size += (current & 0x7f) * 2 ** shift;
  }
  let base: number | string | undefined;
  if (type === offsetDelta) {
    current = byte();
    let distance = current & 0x7f;
    while (current & 0x80) {
      current = byte();
      distance = (distance + 1) * 128 + (current & 0x7f);
    }
    base = at - distance;
  } else if (type === objectDelta) {
    base = view.toString('hex', position, position + 20);
    position += 20;
  }
  take(room, size);
  const { bytes, consumed } = inflate(view.subarray(position), size);
  const entry = { at, type, bytes, ...(base === undefined ? {} : { base }) };
  return { entry, end: position + consumed };
}

function inflate(packed: Uint8Array, size: number): { bytes: Uint8Array; consumed: number } {
  try {
    // One byte more than is announced, so that a lie is seen. `info` gives the engine, which knows how far it read.
    const result = inflateSync(packed, { info: true, maxOutputLength: size + 1 }) as unknown as {
      buffer: Buffer;
      engine: InflateRaw;
    };
    if (result.buffer.byteLength !== size) throw new Error('an object has another size than it says');
    return { bytes: result.buffer, consumed: result.engine.bytesWritten };
  } catch (error) {
    throw answerInvalid(`holds a pack that is damaged: ${messageOf(error)}`);
  }
}

function take(room: Room, bytes: number): void {
  room.left -= bytes;
  if (room.left < 0) throw tooLarge(`unpacks to more than ${packLimits.maxUnpackedBytes / 1024 / 1024} MiB`);
}

const idOf = ({ type, bytes }: GitObject): string =>
  createHash('sha1').update(`${type} ${bytes.byteLength}\0`).update(bytes).digest('hex');

const tooLarge = (problem: string): DomainError =>
  new DomainError('resource-exhausted', 'SOURCE_TOO_LARGE', `The repository's content ${problem}.`);
