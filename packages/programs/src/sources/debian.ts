import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cachedFolder } from '../cache.ts';
import type { Source } from '../source.ts';
import { run } from '../run.ts';

const aptGet = '/usr/bin/apt-get';
const dpkgDeb = '/usr/bin/dpkg-deb';
// they call other programs of the system, which a bare PATH may not show
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin` };

/**
 * A program from the system's Debian archive, unpacked into the cache, never installed: needs no root and
 * changes nothing. apt checks the signatures. Where the system has no package lists, private ones are fetched.
 */
export function debianPackage(name: string): Source {
  return {
    from: `Debian package ${name}`,
    async find({ cache, onStep }) {
      if (!existsSync(aptGet) || !existsSync(dpkgDeb)) return undefined;
      // version 0: a real release that comes into the cache later is newer
      const folder = await cachedFolder(cache, `${name}-0-debian`, async (scratch) => {
        onStep(`fetching Debian's ${name}`);
        const unpacked = join(scratch, 'package');
        await mkdir(unpacked);
        await download(name, unpacked, scratch);
        const [deb] = await readdir(unpacked);
        if (deb === undefined) throw new Error('apt-get downloaded nothing');
        await run(dpkgDeb, ['-x', join(unpacked, deb), unpacked], { env });
        const binary = ['usr/sbin', 'usr/bin']
          .map((bin) => join(unpacked, bin, name))
          .find((path) => existsSync(path));
        if (binary === undefined) throw new Error(`${deb} holds no program ${name}`);
        await rename(binary, join(scratch, name));
        await rm(unpacked, { recursive: true });
      });
      return join(folder, name);
    },
  };
}

async function download(name: string, folder: string, scratch: string): Promise<void> {
  const asRoot = ['-o', 'APT::Sandbox::User=root']; // the folder is ours, apt's own user cannot write to it
  try {
    await run(aptGet, [...asRoot, 'download', name], { cwd: folder, env });
  } catch {
    const apt = join(scratch, 'apt');
    await mkdir(join(apt, 'lists', 'partial'), { recursive: true });
    await mkdir(join(apt, 'archives', 'partial'), { recursive: true });
    const own = [...asRoot, '-o', `Dir::State::lists=${apt}/lists`, '-o', `Dir::Cache=${apt}`];
    await run(aptGet, [...own, '-q', 'update'], { timeoutMs: 180_000, env });
    await run(aptGet, [...own, 'download', name], { cwd: folder, timeoutMs: 120_000, env });
    await rm(apt, { recursive: true });
  }
}
