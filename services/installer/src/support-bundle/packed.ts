import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { tarHeader } from '@cnap/helm';

/** A file of the archive; its path is plain and short. */
export type BundleFile = { path: string; text: string };

const block = 512;
/** No more of it is in memory than this and one file. */
const chunkSize = 64 * 1024;

/** Files as a .tar.gz, made no faster than it is read. */
export async function* packed(files: AsyncIterable<BundleFile>): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ chunkSize });
  const source = Readable.from(blocksOf(files), { objectMode: false });
  source.on('error', (error) => gzip.destroy(error));
  source.pipe(gzip);
  try {
    yield* gzip as AsyncIterable<Uint8Array>;
  } finally {
    source.destroy();
    // Whoever made the files has ended, too.
    await finished(source).catch(() => undefined);
  }
}

async function* blocksOf(files: AsyncIterable<BundleFile>): AsyncGenerator<Uint8Array> {
  for await (const { path, text } of files) {
    const bytes = Buffer.from(text);
    yield* tarHeader(path, bytes.byteLength);
    if (bytes.byteLength > 0) yield bytes;
    const rest = -bytes.byteLength & (block - 1);
    if (rest > 0) yield new Uint8Array(rest);
  }
  yield new Uint8Array(2 * block);
}
