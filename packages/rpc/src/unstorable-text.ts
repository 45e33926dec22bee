import { isMessage } from '@bufbuild/protobuf';

// A message of a stranger may nest as deep as its size allows.
const deepest = 100;

/**
 * The path of text in a message that carries U+0000, which Postgres cannot store; undefined when there is none. Fields
 * are named as in the proto, entries of maps and Structs by their keys: `sources[0].values.text`.
 */
export function unstorableText(value: unknown, path = '', depth = 0): string | undefined {
  if (typeof value === 'string') return value.includes('\u0000') ? path : undefined;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || depth > deepest)
    return undefined;
  const message = isMessage(value);
  for (const [key, item] of Object.entries(value)) {
    if (message && (key === '$typeName' || key === '$unknown')) continue;
    if (key.includes('\u0000')) return path;
    const found = unstorableText(
      item,
      pathOf(path, message ? snakeCase(key) : key, Array.isArray(value)),
      depth + 1,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function pathOf(parent: string, key: string, inArray: boolean): string {
  if (inArray) return `${parent}[${key}]`;
  return parent === '' ? key : `${parent}.${key}`;
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
