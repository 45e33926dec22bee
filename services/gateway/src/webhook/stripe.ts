import type { ClientHttp2Stream } from 'node:http2';
import { DomainError, messageOf } from '@cnap/errors';
import type { Backends, HttpRequest, HttpResponse } from '@cnap/rpc';
import { currentTraceparent, type Logger } from '@cnap/telemetry';
import { answerJson } from '../page/plain.ts';

const maxBytes = 1024 * 1024;
const maxAnswerBytes = 64 * 1024;

/** Where webhooks of Stripe arrive, here and at billing. */
export const stripeWebhookPath = '/webhooks/stripe';

type Deps = { backends: Backends; logger: Logger; deadlineMs: number };

/** Hands a webhook of Stripe to billing, byte for byte: the signature is over the raw body. */
export async function forwardWebhook(
  request: HttpRequest,
  response: HttpResponse,
  { backends, logger, deadlineMs }: Deps,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST');
    refuse(request, response, 405, 'METHOD_NOT_ALLOWED', 'Webhooks are sent by POST.');
    return;
  }
  const signal = AbortSignal.timeout(deadlineMs);
  let body: Buffer;
  try {
    body = await readBody(request, maxBytes, signal);
  } catch (error) {
    if (error instanceof DomainError) refuse(request, response, 413, error.reason, error.message);
    else refuse(request, response, 408, 'DEADLINE_EXCEEDED', 'The body did not arrive in time.');
    return;
  }
  try {
    const { status, answer } = await deliver(request, body, backends, signal);
    response.statusCode = status;
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(answer);
  } catch (error) {
    // Stripe sends it again, for days.
    logger.warn({ reason: messageOf(error) }, 'a webhook could not be handed to billing');
    refuse(request, response, 503, 'UNAVAILABLE', 'The webhook cannot be taken now; send it again.');
  }
}

async function deliver(
  request: HttpRequest,
  body: Buffer,
  backends: Backends,
  signal: AbortSignal,
): Promise<{ status: number; answer: Buffer }> {
  const stream = backends.request('billing', headersFor(request, body.byteLength), false);
  const cut = (): void => void stream.destroy(new Error('billing took too long'));
  signal.addEventListener('abort', cut, { once: true });
  try {
    const status = statusOf(stream);
    stream.end(body);
    return { status: await status, answer: await readBody(stream, maxAnswerBytes, signal) };
  } finally {
    signal.removeEventListener('abort', cut);
    stream.close();
  }
}

function headersFor(request: HttpRequest, length: number): Record<string, string | number> {
  const { 'stripe-signature': signature, 'content-type': type } = request.headers;
  const traceparent = currentTraceparent();
  return {
    ':method': 'POST',
    ':path': stripeWebhookPath,
    'content-type': type ?? 'application/json',
    'content-length': length,
    ...(typeof signature === 'string' ? { 'stripe-signature': signature } : {}),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function statusOf(stream: ClientHttp2Stream): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  stream.once('response', (headers) => resolve(headers[':status'] ?? 502));
  stream.once('error', reject);
  stream.once('close', () => reject(new Error('billing did not answer')));
  return promise;
}

function readBody(
  source: HttpRequest | ClientHttp2Stream,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const late = (): void => reject(new Error('it took too long'));
  signal.addEventListener('abort', late, { once: true });
  source.on('data', (chunk: Buffer) => {
    size += chunk.byteLength;
    if (size <= limit) chunks.push(chunk);
    else reject(new DomainError('resource-exhausted', 'BODY_TOO_LARGE', 'The body is larger than 1 MiB.'));
  });
  source.once('end', () => resolve(Buffer.concat(chunks)));
  source.once('error', reject);
  source.once('close', () => reject(new Error('it was cut off')));
  return promise.finally(() => signal.removeEventListener('abort', late));
}

/** Answers; a sender that is still sending is given a moment to read the answer, and is cut off then. */
function refuse(
  request: HttpRequest,
  response: HttpResponse,
  status: number,
  code: string,
  message: string,
): void {
  if (request.httpVersionMajor === 1 && !response.headersSent) response.setHeader('connection', 'close');
  answerJson(response, status, { error: { code, message } });
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => {
    if ('stream' in request) request.stream.close();
    else request.destroy();
  }, lingerMs);
  request.once('close', () => clearTimeout(timer));
}

const lingerMs = 500;
