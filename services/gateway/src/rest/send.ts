import { etagOf, hasAlready, notKept, readVary, type HttpRequest, type HttpResponse } from '@cnap/rpc';
import { chosenEncoding, compressed } from './content-encoding.ts';

/** What fits into one packet is not made smaller. */
const worthBytes = 1_400;

/** An answer that is a success. */
export type Success = {
  status: number;
  type: string;
  /** Undefined: none. */
  body: string | Buffer | undefined;
  etag?: string | undefined;
  /** The header `Cache-Control`. */
  caching: string;
  /** Whether its length may tell of its content. */
  compressible: boolean;
};

/** Sends an answer, compressed where the client takes that and it is worth it; or says that the client has it. */
export async function send(request: HttpRequest, response: HttpResponse, answer: Success): Promise<void> {
  if (response.destroyed) return;
  const { status, type, body, caching } = answer;
  const etag = answer.etag ?? ownEtag(answer);
  if (etag !== undefined) response.setHeader('etag', etag);
  response.setHeader('cache-control', caching);
  if (body !== undefined) response.appendHeader('vary', caching === notKept ? 'accept-encoding' : restVary);
  if (etag !== undefined && isRead(request) && hasAlready(request.headers['if-none-match'], etag)) {
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
  const length = Buffer.byteLength(body);
  const worthIt = answer.compressible && length >= worthBytes && request.method !== 'HEAD';
  const encoding = worthIt ? chosenEncoding(request.headers['accept-encoding']) : undefined;
  if (encoding === undefined) {
    response.setHeader('content-length', length);
    response.end(body);
    return;
  }
  const packed = await compressed(body, encoding);
  if (response.destroyed) return;
  response.setHeader('content-encoding', encoding);
  response.setHeader('content-length', packed.byteLength);
  response.end(packed);
}

/** Some operations have answers of several media types. */
const restVary = `accept, ${readVary}`;

/** Of what has no version of its own and may be kept: weak, because it is the same for all encodings. */
const ownEtag = ({ body, caching, status }: Success): string | undefined =>
  body === undefined || caching === notKept || status !== 200 ? undefined : `W/${etagOf(body)}`;

const isRead = ({ method }: HttpRequest): boolean => method === 'GET' || method === 'HEAD';
