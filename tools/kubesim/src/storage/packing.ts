import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { StorageKey } from '../kinds/kind.ts';

// A few kilobytes hold the sample and the object; more would only cost time and memory to set up.
const options = { level: 4, memLevel: 5, windowBits: 13, chunkSize: 1_024 };

/**
 * Makes texts of objects small. Those of a fleet say the same but for names and times, so each is told by what it
 * has in common with the first of its kind: a tenth is left.
 */
export function createPacking(): {
  pack(key: StorageKey, text: string): string;
  unpack(key: StorageKey, packed: string): string;
} {
  const samples = new Map<StorageKey, Buffer>();
  return {
    pack(key, text) {
      const bytes = Buffer.from(text);
      const dictionary = samples.get(key) ?? bytes.subarray(0, 4_096);
      samples.set(key, dictionary);
      // A string of bytes has the least overhead there is.
      return deflateRawSync(bytes, { ...options, dictionary }).toString('latin1');
    },
    unpack: (key, packed) =>
      inflateRawSync(Buffer.from(packed, 'latin1'), { ...options, dictionary: samples.get(key) }).toString(),
  };
}
