import { copy, isFields, same } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';

interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

const tokens = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));

const failed = (why: string): StatusError =>
  new StatusError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`);

function read(document: unknown, path: string[]): unknown {
  let value = document;
  for (const token of path) {
    if (Array.isArray(value)) value = value[Number(token)] as unknown;
    else if (isFields(value)) value = value[token];
    else return undefined;
  }
  return value;
}

function write(
  document: unknown,
  path: string[],
  change: (parent: unknown[] | Record<string, unknown>, key: string) => void,
): void {
  const parent = read(document, path.slice(0, -1));
  if (!Array.isArray(parent) && !isFields(parent)) throw failed(`missing path /${path.join('/')}`);
  change(parent, path.at(-1) ?? '');
}

function add(document: unknown, path: string[], value: unknown): void {
  write(document, path, (parent, key) => {
    if (!Array.isArray(parent)) parent[key] = value;
    else if (key === '-') parent.push(value);
    else parent.splice(Number(key), 0, value);
  });
}

function remove(document: unknown, path: string[]): void {
  if (read(document, path) === undefined)
    throw failed(`remove operation does not apply: missing path /${path.join('/')}`);
  write(document, path, (parent, key) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  });
}

/** RFC 6902 */
export function jsonPatch(document: unknown, operations: Operation[]): unknown {
  const result = copy(document);
  for (const { op, path: pointer, from, value } of operations) {
    const path = tokens(pointer);
    switch (op) {
      case 'add':
        add(result, path, value);
        break;
      case 'remove':
        remove(result, path);
        break;
      case 'replace':
        if (read(result, path) === undefined)
          throw failed(`replace operation does not apply: missing path ${pointer}`);
        write(result, path, (parent, key) => void ((parent as Record<string, unknown>)[key] = value));
        break;
      case 'copy':
      case 'move': {
        const source = copy(read(result, tokens(from ?? '')));
        if (op === 'move') remove(result, tokens(from ?? ''));
        add(result, path, source);
        break;
      }
      case 'test':
        if (!same(read(result, path), value)) throw failed(`testing value ${pointer} failed`);
        break;
      default:
        throw failed(`unexpected kind: ${op}`);
    }
  }
  return result;
}
