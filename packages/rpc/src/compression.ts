import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node';

type Compression = typeof compressionGzip;

const packGzip = promisify(gzip);
const packBrotli = promisify(brotliCompress);
const owned = async (packed: Promise<Buffer>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await packed);

/**
 * What messages may be compressed with: quickly, rather than as small as can be. The protocol layer's own brotli works
 * at its highest quality, with which an answer of a megabyte takes seconds. Decompressed messages are bounded there.
 */
export const compressions: Compression[] = [
  { ...compressionGzip, compress: (bytes) => owned(packGzip(bytes, { level: constants.Z_BEST_SPEED })) },
  {
    ...compressionBrotli,
    compress: (bytes) => owned(packBrotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })),
  },
];
