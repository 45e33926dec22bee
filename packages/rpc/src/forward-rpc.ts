import type { ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { Readable, Writable } from 'node:stream';
import type { DomainError } from '@cnap/errors';
import type { Backends } from './backends.ts';
import { answerFrom, refuseUnreachable } from './forward-answer.ts';
import { hopByHop } from './hop-by-hop.ts';
import type { HttpRequest, HttpResponse } from './port.ts';
import { endUnreadBody } from './request-body.ts';
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

/** A call that is under way. */
export type Forwarded = {
  /**
   * Ends it with an error in the words of its protocol: at once where no answer has begun, else where the message ends
   * that is passing. What cannot be ended like that within a second, or at all, is cut off.
   */
  end(error: DomainError): void;
};

const over: Forwarded = { end: () => undefined };

/**
 * Hands an RPC of any of the three protocols to its service and the answer back, without looking into either:
 * both directions at their own pace, trailers, cancellation both ways. A service that cannot be reached is
 * UNAVAILABLE, said in the protocol of the request.
 */
export function forwardRpc(request: HttpRequest, response: HttpResponse, options: ForwardOptions): Forwarded {
  const { route } = options;
  if (route.method.methodKind === 'bidi_streaming' && request.httpVersionMajor === 1) {
    // Both directions at once need HTTP/2; a client that hopes for it would wait forever.
    response.statusCode = 505;
    response.setHeader('connection', 'close');
    response.end();
    return over;
  }
  let backend: ClientHttp2Stream;
  try {
    const withoutBody = request.method === 'GET' || request.method === 'HEAD';
    backend = options.backends.request(route.service, headersFor(request, options.headers), withoutBody);
  } catch (cause) {
    refuseUnreachable(request, response, options, cause);
    return over;
  }
  endUnreadBody(request, response);
  const source: Readable = 'stream' in request ? request.stream : request;
  pump(source, backend);
  return answerFrom(backend, request, response, options);
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
  // A request that is cut off ends likewise; at its service it is cancelled, when the answer closes.
  const isCut = (): boolean => 'rstCode' in from && Boolean(from.rstCode);
  const end = (): void => void (to.writable && !isCut() && to.end());
  // Node ends an HTTP/2 request without a body at once; whoever looked into who calls first comes after its end.
  if (from.readableEnded) end();
  else from.once('end', end);
}
