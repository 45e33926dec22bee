import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where unpacked programs are kept: `CNAP_CACHE`, else `$XDG_CACHE_HOME/cnap`, else `~/.cache/cnap`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env['CNAP_CACHE'] || join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'cnap');
}

/**
 * The cache's folder `name`, made by `fill` when it is not there. Several processes may ask at once: each
 * fills a folder of its own, the first to finish gives it its name, and nobody sees a half-filled one.
 */
export async function cachedFolder(
  cache: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  const scratch = join(cache, `.${name}-${randomUUID()}`);
  await mkdir(scratch, { recursive: true });
  try {
    await fill(scratch);
    await rename(scratch, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // another process was first
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return folder;
}
