import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants, gunzip, gzip } from 'node:zlib';
import { RestProblem } from '@cnap/rest';

/** What bodies can be compressed with, the one that makes them smaller first. */
const encodings = ['br', 'gzip'] as const;
export type Encoding = (typeof encodings)[number];

const pack = { br: promisify(brotliCompress), gzip: promisify(gzip) };
const unpack = { br: promisify(brotliDecompress), gzip: promisify(gunzip) };

/** The one that the client likes best, as `Accept-Encoding` says it (RFC 9110, 12.5.3); undefined: none. */
export function chosenEncoding(accept: string | string[] | undefined): Encoding | undefined {
  const weights = new Map(
    String(accept ?? '')
      .split(',')
      .map((part) => {
        const [coding = '', weight] = part
          .trim()
          .toLowerCase()
          .split(/\s*;\s*q=/);
        return [coding, weight === undefined ? 1 : Number(weight)] as const;
      }),
  );
  const weightOf = (coding: string) => weights.get(coding) ?? weights.get('*') ?? 0;
  let best: Encoding | undefined;
  for (const encoding of encodings) {
    if (weightOf(encoding) > (best === undefined ? 0 : weightOf(best))) best = encoding;
  }
  return best;
}

/** Quickly, rather than as small as can be. */
export const compressed = (body: string | Buffer, encoding: Encoding): Promise<Buffer> =>
  encoding === 'br'
    ? pack.br(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })
    : pack.gzip(body, { level: constants.Z_BEST_SPEED });

/** Whether bodies may come in an encoding. */
export const isEncoding = (name: string): name is Encoding => encodings.some((one) => one === name);

/**
 * A body as it was before it was compressed.
 * @throws RestProblem 413 when there is more in it than `maxBytes`; 400 when it is not what it says
 */
export async function decompressed(body: Buffer, encoding: Encoding, maxBytes: number): Promise<Buffer> {
  try {
    return await unpack[encoding](body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) throw bodyTooLarge(maxBytes);
    throw new RestProblem(400, {
      code: 'invalid_argument',
      message: `The body is not ${encoding}, as Content-Encoding says.`,
      details: { reason: 'BODY_MALFORMED' },
    });
  }
}

/** What is said to a body that is too large, compressed or not. */
export const bodyTooLarge = (maxBytes: number): RestProblem =>
  new RestProblem(413, {
    code: 'payload_too_large',
    message: `The body is larger than ${maxBytes / 1024 / 1024} MiB.`,
    details: { reason: 'BODY_TOO_LARGE' },
  });
