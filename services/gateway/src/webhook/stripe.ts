import { pipeline } from 'node:stream/promises';
import type { Backends, HttpRequest, HttpResponse } from '@cnap/rpc';

const maxBytes = 1024 * 1024;
const deadlineMs = 10_000;

/** Hands a webhook of Stripe to billing, byte for byte: the signature is over the raw body. */
export async function forwardWebhook(
  request: HttpRequest,
  response: HttpResponse,
  backends: Backends,
): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const body = await readBody(request);
    if (body === undefined) return answer(response, 413, 'the body is larger than 1 MiB');
    const stream = backends.request(
      'billing',
      {
        ':method': 'POST',
        ':path': '/webhooks/stripe',
        'content-type': request.headers['content-type'] ?? 'application/json',
        'content-length': body.byteLength,
        'stripe-signature': request.headers['stripe-signature'] ?? '',
      },
      false,
    );
    signal.addEventListener('abort', () => stream.destroy(new Error('billing took too long')), {
      once: true,
    });
    const head = Promise.withResolvers<number>();
    stream.once('response', (headers) => head.resolve(headers[':status'] ?? 502));
    stream.once('error', head.reject);
    stream.once('close', () => head.reject(new Error('billing did not answer')));
    stream.end(body);
    response.statusCode = await head.promise;
    response.setHeader('content-type', 'application/json');
    await pipeline(stream, response as unknown as NodeJS.WritableStream);
  } catch {
    // Stripe sends it again later.
    answer(response, 503, 'the webhook cannot be taken at the moment');
  }
}

async function readBody(request: HttpRequest): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answer(response: HttpResponse, status: number, message: string): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ error: { message } }));
}
