import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** Every module that the entry reaches within this package. */
function reachable(file: string, seen = new Map<string, string>()): Map<string, string> {
  if (seen.has(file)) return seen;
  const text = readFileSync(file, 'utf8');
  seen.set(file, text);
  for (const [, path] of text.matchAll(/from '(\.[^']+)'/g)) reachable(join(dirname(file), path ?? ''), seen);
  return seen;
}

test('nothing that only Node has is reached from the entry', () => {
  const modules = reachable(join(import.meta.dirname, '../src/index.ts'));
  expect(modules.size).toBeGreaterThan(4);
  const imported = [...modules.values()].flatMap((text) =>
    [...text.matchAll(/from '([^.'][^']*)'/g)].map(([, name]) => name),
  );
  expect(imported.filter((name) => name?.startsWith('node:') || name === '@connectrpc/connect-node')).toEqual(
    [],
  );
});
