import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { placeOf, rewritten } from './document.ts';
import { root } from './programs.ts';
import type { Result } from './result.ts';

const folder = join(import.meta.dirname, '../results');
const document = join(root, 'docs/benchmarks.md');

/** Keeps a result in results/<name>.json, which is not committed. */
export async function keep(result: Result): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${placeOf(result)}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** Brings docs/benchmarks.md up to date with everything that is kept. */
export async function writeDocument(): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const results = await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Result),
  );
  const text = await readFile(document, 'utf8');
  await writeFile(document, rewritten(text, results));
}
