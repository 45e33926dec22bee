import { DomainError } from '@cnap/errors';
import type { HttpRequest, HttpResponse } from '@cnap/rpc';

const maxBodyBytes = 64 * 1024;
const bodyTimeoutMs = 10_000;

/** The request as the standard has it; its body is short and arrives soon, or it is refused. */
export async function webRequest(request: HttpRequest, origin: string): Promise<Request> {
  const method = request.method ?? 'GET';
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':')) continue;
    headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(request);
  return new Request(new URL(request.url ?? '/', origin), {
    method,
    headers,
    ...(body === undefined || body.byteLength === 0 ? {} : { body }),
  });
}

async function readBody(request: HttpRequest): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(
    () => request.destroy(new Error('the body did not arrive in time')),
    bodyTimeoutMs,
  );
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > maxBodyBytes) {
        throw new DomainError('resource-exhausted', 'BODY_TOO_LARGE', 'The body is larger than 64 KiB.');
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Sends an answer. */
export async function send(answer: Response, response: HttpResponse): Promise<void> {
  const body = Buffer.from(await answer.arrayBuffer());
  if (response.headersSent || response.destroyed) return;
  response.statusCode = answer.status;
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.end(body);
}
