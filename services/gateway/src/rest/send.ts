import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { HttpRequest, HttpResponse } from '@cnap/rpc';

/** What fits into one packet is not made smaller. */
const worthBytes = 1_400;
const compress = promisify(gzip);

/** An answer that is a success. */
export type Success = {
  status: number;
  type: string;
  /** Undefined: none. */
  body: string | Buffer | undefined;
  etag?: string | undefined;
};

/** Sends an answer, compressed where the client takes that and it is worth it; or says that the client has it. */
export async function send(request: HttpRequest, response: HttpResponse, answer: Success): Promise<void> {
  if (response.destroyed) return;
  const { status, type, body, etag } = answer;
  if (etag !== undefined) response.setHeader('etag', etag);
  if (etag !== undefined && isRead(request) && isKnown(request, etag)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.statusCode = status;
  if (body === undefined) {
    response.end();
    return;
  }
  response.setHeader('content-type', type);
  response.appendHeader('vary', 'accept-encoding');
  const length = Buffer.byteLength(body);
  if (length < worthBytes || request.method === 'HEAD' || !takesGzip(request)) {
    response.setHeader('content-length', length);
    response.end(body);
    return;
  }
  const packed = await compress(body, { level: constants.Z_BEST_SPEED });
  if (response.destroyed) return;
  response.setHeader('content-encoding', 'gzip');
  response.setHeader('content-length', packed.byteLength);
  response.end(packed);
}

const isRead = ({ method }: HttpRequest): boolean => method === 'GET' || method === 'HEAD';

/** Compared weakly, as RFC 9110, 13.1.2 has it for reads. */
const isKnown = ({ headers }: HttpRequest, etag: string): boolean =>
  headers['if-none-match']?.split(',').some((one) => one.trim().replace(/^W\//, '') === etag) ?? false;

const takesGzip = ({ headers }: HttpRequest): boolean =>
  /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(headers['accept-encoding'] ?? ''));
