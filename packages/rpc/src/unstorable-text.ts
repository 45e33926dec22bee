import { isMessage } from '@bufbuild/protobuf';

// A message of a stranger may nest as deep as its size allows.
const deepest = 100;

/**
 * Where a message carries U+0000, which Postgres cannot store in text; undefined when it is free of it. Fields are named
 * as in the proto, entries of maps and Structs by their keys.
 */
export function unstorableText(value: unknown, depth = 0): string[] | undefined {
  if (typeof value === 'string') return value.includes('\u0000') ? [] : undefined;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || depth > deepest)
    return undefined;
  const message = isMessage(value);
  for (const [key, item] of Object.entries(value)) {
    if (message && (key === '$typeName' || key === '$unknown')) continue;
    if (key.includes('\u0000')) return [];
    const path = unstorableText(item, depth + 1);
    if (path) return [message ? snakeCase(key) : key, ...path];
  }
  return undefined;
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
