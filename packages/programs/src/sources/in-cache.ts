import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Source } from '../source.ts';

/** The newest folder `<name>-<version>` of the cache, whoever put it there; or a program in it. */
export function inCache(name: string, executable = '.'): Source {
  return {
    from: 'the cache',
    async find({ cache }) {
      const folders = await readdir(cache).catch((): string[] => []);
      const [newest] = folders
        .filter((folder) => folder.startsWith(`${name}-`))
        .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
      return newest === undefined ? undefined : join(cache, newest, executable);
    },
  };
}
