import {
  constants,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import { DomainError } from '@cnap/errors';
import type { Backends } from './backends.ts';
import type { HttpRequest, HttpResponse } from './port.ts';
import { endUnreadBody } from './request-body.ts';
import { refuseRpc } from './refuse-rpc.ts';
import type { RpcRoute } from './route-table.ts';

/** What is to become of a request. */
export type ForwardOptions = {
  route: RpcRoute;
  backends: Backends;
  /**
   * Headers to set on the way in, whatever the client sent: the caller token as `authorization`,
   * `traceparent`, `x-request-id`, the client's address. Undefined takes a header away.
   */
  headers: Record<string, string | undefined>;
  /** Headers to set on the way back. */
  responseHeaders?: Record<string, string>;
  /** Told once: how the forwarded call ended, for logs and metrics. */
  onEnd?: (outcome: { status: number | undefined; reached: boolean }) => void;
};

// RFC 9110, 7.6.1; `host` becomes `:authority`; `te` is set anew for gRPC.
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
  'expect',
]);

/**
 * Hands an RPC of any of the three protocols to its service and the answer back, without looking into either:
 * both directions at their own pace, trailers, cancellation both ways. A service that cannot be reached is
 * UNAVAILABLE, said in the protocol of the request.
 */
export function forwardRpc(request: HttpRequest, response: HttpResponse, options: ForwardOptions): void {
  const { route } = options;
  if (route.method.methodKind === 'bidi_streaming' && request.httpVersionMajor === 1) {
    // Both directions at once need HTTP/2; a client that hopes for it would wait forever.
    response.statusCode = 505;
    response.setHeader('connection', 'close');
    response.end();
    return;
  }
  let backend: ClientHttp2Stream;
  try {
    const withoutBody = request.method === 'GET' || request.method === 'HEAD';
    backend = options.backends.request(route.service, headersFor(request, options.headers), withoutBody);
  } catch (cause) {
    refuse(request, response, options, cause);
    return;
  }
  endUnreadBody(request, response);
  const source: Readable = 'stream' in request ? request.stream : request;
  pump(source, backend);
  answer(request, response, backend, options);
}

function headersFor(request: HttpRequest, set: ForwardOptions['headers']): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { ':method': request.method ?? 'POST', ':path': request.url ?? '/' };
  const named = request.headers.connection?.toLowerCase().split(',') ?? [];
  const dropped = named.map((name) => name.trim());
  for (const name in request.headers) {
    if (name.startsWith(':') || hopByHop.has(name) || dropped.includes(name)) continue;
    headers[name] = request.headers[name];
  }
  if (request.headers['content-type']?.startsWith('application/grpc')) headers['te'] = 'trailers';
  for (const name in set) {
    const value = set[name];
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  return headers;
}

/** Copies at the pace of the slower side. */
function pump(from: Readable, to: Writable): void {
  from.on('data', (chunk: Buffer) => {
    if (!to.writable || to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
  const end = (): void => void (to.writable && to.end());
  // Node ends an HTTP/2 request without a body at once; whoever looked into who calls first comes after its end.
  if (from.readableEnded) end();
  else from.once('end', end);
}

function answer(
  request: HttpRequest,
  response: HttpResponse,
  backend: ClientHttp2Stream,
  options: ForwardOptions,
) {
  const client = 'stream' in response ? response.stream : undefined;
  let status: number | undefined;
  let complete = false;
  let failure: unknown;

  backend.once('response', (headers) => {
    status = headers[':status'] ?? 502;
    if (client === undefined) respondHttp1(response, headers, options.responseHeaders);
    // What was set before on the response, which is passed by here.
    else respondHttp2(client, headers, { ...response.getHeaders(), ...options.responseHeaders });
    backend.once('trailers', (trailers) => response.addTrailers(trailers as never));
    backend.once('end', () => (complete = true));
    pump(backend, client ?? (response as unknown as Writable));
  });
  backend.on('error', (error) => (failure = error));
  backend.once('close', () => {
    options.onEnd?.({ status, reached: status !== undefined });
    if (complete) return;
    if (status === undefined) refuse(request, response, options, failure);
    // The rest of the answer will not come, and a client must not take what it has for all of it.
    else if (client === undefined) response.destroy();
    else client.close(backend.rstCode === 0 ? constants.NGHTTP2_INTERNAL_ERROR : backend.rstCode);
  });
  // The client is gone, or has what it came for.
  response.once('close', () => {
    if (backend.closed) return;
    backend.close(complete ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
  });
}

function respondHttp2(
  client: ServerHttp2Stream,
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
  set: OutgoingHttpHeaders,
): void {
  if (client.destroyed || client.headersSent) return;
  const waitForTrailers = headers['content-type']?.startsWith('application/grpc') ?? false;
  client.respond({ ...headers, ...set, ...varyOf(headers, set) } as OutgoingHttpHeaders, { waitForTrailers });
}

/** What the answer depends on for its service and for whoever stands before it. */
function varyOf(headers: IncomingHttpHeaders, { vary }: OutgoingHttpHeaders): { vary?: string } {
  if (vary === undefined || headers.vary === undefined) return {};
  return { vary: `${String(vary)}, ${headers.vary}` };
}

function respondHttp1(
  response: HttpResponse,
  headers: IncomingHttpHeaders & IncomingHttpStatusHeader,
  set: Record<string, string> = {},
): void {
  const vary = varyOf(headers, response.getHeaders());
  for (const [name, value] of Object.entries({ ...headers, ...set, ...vary })) {
    if (!name.startsWith(':') && !hopByHop.has(name) && value !== undefined)
      response.setHeader(name, value as string);
  }
  response.statusCode = headers[':status'] ?? 502;
}

function refuse(
  request: HttpRequest,
  response: HttpResponse,
  { route }: ForwardOptions,
  cause: unknown,
): void {
  const error = new DomainError(
    'unavailable',
    'SERVICE_UNAVAILABLE',
    `The ${route.service} service cannot be reached now.`,
    { metadata: { service: route.service }, cause },
  );
  refuseRpc(request, response, route.method, error, 'gateway');
}
