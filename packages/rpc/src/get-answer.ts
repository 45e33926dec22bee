import type { UniversalServerRequest, UniversalServerResponse } from '@connectrpc/connect/protocol';
import type { Call } from './call.ts';
import { cacheControlOf, etagOf, hasAlready, notKept, readVary } from './read-caching.ts';

/** The answer to a GET with what caches need to know of it; without its body when the client has that already. */
export async function answerToGet(
  answer: UniversalServerResponse,
  request: UniversalServerRequest,
  { method, caller }: Call,
): Promise<UniversalServerResponse> {
  const header = new Headers(answer.header);
  // Also of errors, some of which a cache may otherwise keep by its own rules (RFC 9110, 15.1).
  header.set(
    'cache-control',
    answer.status === 200 ? cacheControlOf(method, caller.kind === 'anonymous') : notKept,
  );
  header.set('vary', readVary);
  if (answer.status !== 200 || header.get('cache-control') === notKept) return { ...answer, header };
  const body = await wholeOf(answer.body);
  const etag = etagOf(body);
  header.set('etag', etag);
  if (!hasAlready(request.header.get('if-none-match'), etag)) return { ...answer, header, body: once(body) };
  for (const name of ['content-type', 'content-length', 'content-encoding']) header.delete(name);
  return { status: 304, header };
}

/** Unary answers are one piece, in memory already. */
async function wholeOf(body: UniversalServerResponse['body']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body ?? []) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

async function* once(body: Uint8Array): AsyncGenerator<Uint8Array> {
  yield body;
}
