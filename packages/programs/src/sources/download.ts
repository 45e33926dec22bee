import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { pipeline } from 'node:stream/promises';
import { x } from 'tar';
import { cachedFolder } from '../cache.ts';
import type { Source } from '../source.ts';

/** One program's official release, pinned; a platform that is not listed has none. */
export interface PinnedDownload {
  name: string;
  version: string;
  platforms: Partial<Record<string /* `linux-x64`, as process.platform and process.arch say */, PinnedFile>>;
}

export interface PinnedFile {
  url: string;
  sha256: string;
  /** The program's path in a .tar.gz; without it, the file is the program. */
  member?: string;
}

const answerWithinMs = 10_000;
const completeWithinMs = 5 * 60_000;

/** Downloads a pinned release once into the cache; a file with another checksum is never used. */
export function officialDownload(download: PinnedDownload): Source {
  const { name, version } = download;
  const file = download.platforms[`${process.platform}-${process.arch}`];
  return {
    from: file ? new URL(file.url).host : 'official download',
    async find({ cache, onStep }) {
      if (!file) return undefined;
      const folder = await cachedFolder(cache, `${name}-${version}`, async (scratch) => {
        onStep(`downloading ${name} ${version} from ${new URL(file.url).host}`);
        await fetchProgram(file, scratch, name);
      });
      return join(folder, name);
    },
  };
}

async function fetchProgram(file: PinnedFile, folder: string, name: string): Promise<void> {
  const body = await openUrl(file.url);
  const archive = join(folder, 'download');
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(body, hashing, createWriteStream(archive), {
    signal: AbortSignal.timeout(completeWithinMs),
  });
  const sum = hash.digest('hex');
  if (sum !== file.sha256) throw new Error(`${file.url} has checksum ${sum}, expected ${file.sha256}`);
  const target = join(folder, name);
  if (file.member === undefined) {
    await rename(archive, target);
  } else {
    await pipeline(createReadStream(archive), x({ cwd: folder }, [file.member]));
    await rename(join(folder, file.member), target);
    await rm(archive);
  }
  await chmod(target, 0o755);
}

async function openUrl(url: string): Promise<Readable> {
  const started = new AbortController();
  const timer = setTimeout(() => started.abort(new Error('no answer within 10 s')), answerWithinMs);
  try {
    const response = await fetch(url, { signal: started.signal });
    if (!response.ok || !response.body) throw new Error(`answered ${response.status}`);
    return Readable.fromWeb(response.body as WebStream); // the DOM's type of the same thing
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Error(`${url}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
