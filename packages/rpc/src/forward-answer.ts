import {
  constants,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Writable } from 'node:stream';
import { DomainError } from '@cnap/errors';
import type { Forwarded, ForwardOptions } from './forward-rpc.ts';
import { hopByHop } from './hop-by-hop.ts';
import { MessageBounds } from './message-bounds.ts';
import type { HttpRequest, HttpResponse } from './port.ts';
import { lastWordsOf, refuseRpc } from './refuse-rpc.ts';

/** How long the message that is passing may take to its end when the call is to end there. */
const lastMessageMs = 1_000;

/** Hands back what the service answers, as it is, at the pace of the slower side. */
export function answerFrom(
  backend: ClientHttp2Stream,
  request: HttpRequest,
  response: HttpResponse,
  options: ForwardOptions,
): Forwarded {
  const client = 'stream' in response ? response.stream : undefined;
  const out = client ?? (response as unknown as Writable);
  let bounds: MessageBounds | undefined;
  let endsInBody = false;
  let status: number | undefined;
  let complete = false;
  let failure: unknown;
  let ending: DomainError | undefined;
  let ended = false;

  // A client must not take what it has for all of it.
  const cutOff = (code: number): void => {
    if (client === undefined) response.destroy();
    else client.close(code);
  };
  const lastWords = async (error: DomainError): Promise<void> => {
    ended = true;
    backend.close(constants.NGHTTP2_CANCEL);
    const { body, trailers } = await lastWordsOf(request, response, options.route.method, error, 'gateway');
    if (response.destroyed) return;
    response.addTrailers(trailers);
    out.end(body);
  };
  const sayLastWords = (why: DomainError): void =>
    void lastWords(why).catch(() => cutOff(constants.NGHTTP2_INTERNAL_ERROR));

  backend.once('response', (headers) => {
    status = headers[':status'] ?? 502;
    const type = headers['content-type'] ?? '';
    if (/^application\/(grpc|connect\+)/.test(type)) bounds = new MessageBounds();
    endsInBody = /^application\/(grpc-web|connect\+)/.test(type) && headers['grpc-status'] === undefined;
    if (client === undefined) respondHttp1(response, headers, options.responseHeaders);
    // What was set before on the response, which is passed by here.
    else respondHttp2(client, headers, { ...response.getHeaders(), ...options.responseHeaders });
  });
  backend.on('data', (chunk: Buffer) => {
    if (ended) return;
    const passing = bounds === undefined ? chunk.byteLength : bounds.pass(chunk, ending !== undefined);
    const flows = !out.writable || out.write(chunk.subarray(0, passing));
    if (ending !== undefined && bounds?.isBetween === true)
      return void (bounds.isOver || sayLastWords(ending));
    if (flows) return;
    backend.pause();
    out.once('drain', () => backend.resume());
  });
  backend.once('trailers', (trailers) => ended || response.addTrailers(trailers as never));
  backend.once('end', () => {
    // A stream that is reset, or whose connection goes, ends likewise.
    const unfinished = endsInBody && bounds?.isOver === false;
    const broken = unfinished || backend.aborted || backend.destroyed || (backend.rstCode ?? 0) !== 0;
    if (ended || status === undefined || broken) return;
    complete = true;
    if (out.writable) out.end();
  });
  backend.on('error', (error) => (failure = error));
  backend.once('close', () => {
    options.onEnd?.({ status, reached: status !== undefined });
    if (complete || ended) return;
    if (status === undefined) return refuseUnreachable(request, response, options, failure);
    if (bounds?.isBetween === true && !bounds.isOver) return sayLastWords(unreachable(options, failure));
    // A stream that is cancelled looks to clients of Node as if it had ended.
    const says = backend.rstCode !== 0 && backend.rstCode !== constants.NGHTTP2_CANCEL;
    cutOff(says ? backend.rstCode : constants.NGHTTP2_INTERNAL_ERROR);
  });
  // The client is gone, or has what it came for.
  response.once('close', () => {
    if (backend.closed) return;
    // Who answered before all of the request had come has the rest of it cancelled: a stream that ends well while
    // something waits for room in its window makes Node write empty frames without end.
    const isWell = complete && backend.writableFinished;
    backend.close(isWell ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
  });
  return {
    end(error) {
      if (ending !== undefined || complete || response.destroyed) return;
      ending = error;
      if (status === undefined) {
        ended = true;
        backend.close(constants.NGHTTP2_CANCEL);
        return refuseRpc(request, response, options.route.method, error, 'gateway');
      }
      if (bounds === undefined) return cutOff(constants.NGHTTP2_INTERNAL_ERROR);
      const timer = setTimeout(() => cutOff(constants.NGHTTP2_INTERNAL_ERROR), lastMessageMs);
      response.once('close', () => clearTimeout(timer));
      if (bounds.isBetween && !bounds.isOver) sayLastWords(error);
    },
  };
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

/** Says that the service of a call is not there. */
export const refuseUnreachable = (
  request: HttpRequest,
  response: HttpResponse,
  options: ForwardOptions,
  cause: unknown,
): void => refuseRpc(request, response, options.route.method, unreachable(options, cause), 'gateway');

const unreachable = ({ route }: ForwardOptions, cause: unknown): DomainError =>
  new DomainError(
    'unavailable',
    'SERVICE_UNAVAILABLE',
    `The ${route.service} service cannot be reached now.`,
    { metadata: { service: route.service }, cause },
  );
