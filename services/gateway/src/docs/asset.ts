import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { HttpRequest, HttpResponse } from '@cnap/rpc';

const compress = promisify(gzip);

/** Something that is the same for everybody, ready to be sent. */
export type Asset = { type: string; plain: Buffer; packed: Buffer; etag: string };

export async function assetOf(type: string, content: string | Buffer): Promise<Asset> {
  const plain = Buffer.from(content);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return { type, plain, packed: await compress(plain), etag };
}

/** Sends an asset, or says that the caller has it. */
export function sendAsset(
  request: HttpRequest,
  response: HttpResponse,
  asset: Asset,
  cacheControl: string,
): void {
  response.setHeader('etag', asset.etag);
  response.setHeader('cache-control', cacheControl);
  response.appendHeader('vary', 'accept-encoding');
  const known = request.headers['if-none-match']?.split(/\s*,\s*/) ?? [];
  if (known.includes(asset.etag) || known.includes(`W/${asset.etag}`)) {
    response.statusCode = 304;
    response.end();
    return;
  }
  const isPacked = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = isPacked ? asset.packed : asset.plain;
  response.statusCode = 200;
  response.setHeader('content-type', asset.type);
  if (isPacked) response.setHeader('content-encoding', 'gzip');
  response.setHeader('content-length', body.byteLength);
  response.end(request.method === 'HEAD' ? '' : body);
}
