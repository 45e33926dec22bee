import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { pipeline } from 'node:stream/promises';
import { DomainError, messageOf } from '@cnap/errors';
import { clientAddressHeader, type Backends, type HttpRequest, type HttpResponse } from '@cnap/rpc';
import type { Logger } from '@cnap/telemetry';
import { answerJson } from '../page/plain.ts';
import { isSameOrigin, refuseCrossSite } from './browser.ts';
import type { Entrance } from './entrance.ts';

const deadlineMs = 30_000;
const apiPath = /^\/api\/auth\//;
const pagePath =
  /^\/(sign-in|sign-up|sign-out|forgot-password|reset-password|verify-email|magic-link|device|account|invitations)(\/|$)/;

/** What identity is told of a request; everything else stays here. */
const passedOn = [
  'accept',
  'accept-language',
  'authorization',
  'content-length',
  'content-type',
  'cookie',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'user-agent',
];

/** Headers that hold for one connection, which HTTP/2 has not. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

type Deps = {
  backends: Backends;
  entrance: Entrance;
  publicUrl: string;
  /** Proves to identity that the gateway asks. */
  proof: () => Promise<string>;
  logger: Logger;
};

/** Hands what belongs to sign-in on to identity: better-auth's API and the pages. True when it has taken the request. */
export const forwardSignIn =
  (deps: Deps) =>
  (request: HttpRequest, response: HttpResponse): boolean => {
    const path = request.url?.split('?', 1)[0] ?? '';
    const isPage = pagePath.test(path);
    if (!isPage && !apiPath.test(path)) return false;
    void handOn(request, response, isPage, deps).catch((error: unknown) => {
      if (error instanceof DomainError && error.kind === 'permission-denied') {
        const { reason, message, suggestion } = error;
        request.resume();
        return answerJson(response, 403, {
          error: { code: 'permission_denied', message, suggestion, details: { reason } },
        });
      }
      deps.logger.warn({ reason: messageOf(error) }, 'identity could not be asked');
      if (response.headersSent) return void response.destroy();
      const message = 'Sign-in cannot be had now. Try again in a moment.';
      return answerJson(response, 503, { error: { code: 'unavailable', message } });
    });
    return true;
  };

async function handOn(
  request: HttpRequest,
  response: HttpResponse,
  isPage: boolean,
  deps: Deps,
): Promise<void> {
  // Forms are sent by our own pages only, also when nobody is signed in yet: a sign-in can be forged, too.
  if (isPage || request.headers.cookie !== undefined) refuseCrossSite(request, deps.publicUrl);
  const headers = await headersFor(request, deps);
  const signal = AbortSignal.timeout(deadlineMs);
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  const stream = deps.backends.request('identity', headers, !hasBody);
  const cut = (): void => void stream.destroy(new Error('it took too long, or the caller left'));
  signal.addEventListener('abort', cut, { once: true });
  response.once('close', cut);
  try {
    const answered = headersOf(stream);
    const sent = hasBody ? pipeline(request, stream, { end: true, signal }) : Promise.resolve();
    sent.catch(cut);
    const { ':status': status = 502, ...rest } = await answered;
    if (response.destroyed) return;
    response.statusCode = status;
    for (const [name, value] of Object.entries(rest)) {
      if (value !== undefined && !hopByHop.has(name)) response.setHeader(name, value);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    response.end(Buffer.concat(chunks));
  } finally {
    signal.removeEventListener('abort', cut);
    response.off('close', cut);
    stream.close();
  }
}

async function headersFor(
  request: HttpRequest,
  { entrance, proof, publicUrl }: Deps,
): Promise<OutgoingHttpHeaders> {
  const headers: OutgoingHttpHeaders = {
    ':method': request.method ?? 'GET',
    ':path': request.url ?? '/',
    'x-cnap-gateway-token': await proof(),
    [clientAddressHeader]: entrance.addressOf(request),
  };
  for (const name of passedOn) {
    const value = request.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  // A page of ours may be reached under several names; identity knows one.
  const origin = isSameOrigin(request, publicUrl) ? new URL(publicUrl).origin : request.headers.origin;
  if (origin !== undefined) headers['origin'] = origin;
  return headers;
}

function headersOf(
  stream: ClientHttp2Stream,
): Promise<{ ':status'?: number } & Record<string, string | string[] | number | undefined>> {
  const { promise, resolve, reject } =
    Promise.withResolvers<Record<string, string | string[] | number | undefined>>();
  stream.once('response', (headers) => resolve({ ...headers }));
  stream.once('error', reject);
  stream.once('close', () => reject(new Error('identity did not answer')));
  return promise;
}
