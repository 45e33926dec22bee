import { RestProblem } from '@cnap/rest';
import type { HttpRequest } from '@cnap/rpc';
import { bodyTooLarge, decompressed, isEncoding } from './content-encoding.ts';

const maxBytes = 4 * 1024 * 1024;
const timeoutMs = 30_000;

/**
 * Reads the body of a request, and decompresses it; it is bounded before and after.
 * @throws RestProblem 413 when it is too large, 408 when it does not arrive in time, 400 when it cannot be decompressed
 */
export async function readBody(request: HttpRequest): Promise<Buffer> {
  const body = await bytesOf(request);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  return body.byteLength > 0 && isEncoding(encoding) ? decompressed(body, encoding, maxBytes) : body;
}

async function bytesOf(request: HttpRequest): Promise<Buffer> {
  // Node ends an HTTP/2 request without a body at once; who calls was looked into first.
  if (('stream' in request ? request.stream : request).readableEnded) return Buffer.alloc(0);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => reject(late()), timeoutMs);
  request.on('data', (chunk: Buffer) => {
    length += chunk.byteLength;
    if (length > maxBytes) reject(bodyTooLarge(maxBytes));
    else chunks.push(chunk);
  });
  request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
  request.once('error', reject);
  request.once('close', () => reject(new Error('the caller went away')));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    request.removeAllListeners('data');
  }
}

const late = (): RestProblem =>
  new RestProblem(408, {
    code: 'deadline_exceeded',
    message: 'The body did not arrive in time.',
    details: { reason: 'DEADLINE_EXCEEDED' },
  });
