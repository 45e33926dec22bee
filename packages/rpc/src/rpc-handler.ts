import { Code, createContextValues, type ConnectRouter } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import type {
  UniversalHandler,
  UniversalServerRequest,
  UniversalServerResponse,
} from '@connectrpc/connect/protocol';
import { codeToString } from '@connectrpc/connect/protocol-connect';
import { newId } from '@cnap/ids';
import { counter, histogram, startSpan, withTrace, type Logger } from '@cnap/telemetry';
import { isReadOnly } from './access.ts';
import { callKey, type Call } from './call.ts';
import { setDeadline } from './deadline.ts';
import { answerToGet } from './get-answer.ts';
import { plainUnary } from './plain-unary.ts';
import type { HttpRequest, HttpResponse } from './port.ts';
import { unreadable } from './failure.ts';
import { refusal } from './refuse-rpc.ts';
import { bodyInTime, endUnreadBody } from './request-body.ts';
import type { createUnaryHandler, UnaryImplementation } from './unary-call.ts';

export type RpcHandlerOptions = {
  router: ConnectRouter;
  logger: Logger;
  deadlineMs: number;
  maxDeadlineMs: number;
  bodyTimeoutMs: number;
  /** Answers plain unary calls without the protocol layer. */
  unary?: {
    handle: ReturnType<typeof createUnaryHandler>;
    implementations: ReadonlyMap<string, UnaryImplementation>;
  };
};

const requestIdPattern = /^[\w.:-]{1,128}$/;
const calls = counter('cnap.rpc.calls');
const durations = histogram('cnap.rpc.duration_ms');

/** Handles a request when its path is an RPC of the router; answers whether it does. */
export function createRpcHandler(options: RpcHandlerOptions) {
  const handlers = new Map(options.router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request: HttpRequest, response: HttpResponse): boolean => {
    const handler = handlers.get(pathOf(request));
    if (handler === undefined) return false;
    const call = newCall(request, handler);
    response.setHeader('x-request-id', call.requestId);
    response.once('close', () => finish(call, options.logger));
    endUnreadBody(request, response);
    const implementation = options.unary?.implementations.get(handler.requestPath);
    withTrace(call.span.traceparent, () => {
      const plain = implementation && plainUnary(request);
      if (options.unary === undefined || implementation === undefined || plain === undefined) {
        return serve(options, handler, call, request, response);
      }
      const answer = options.unary.handle(request, response, call, plain, implementation);
      return answered(answer, options, call, response);
    });
    return true;
  };
}

/** The path of a request without its query. */
export const pathOf = (request: HttpRequest): string => request.url?.split('?', 1)[0] ?? '';

/** The id that a request brought, when it is one, or a new one. */
export function requestIdFrom(request: HttpRequest): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && requestIdPattern.test(given) ? given : newId('req');
}

function newCall(request: HttpRequest, { method }: UniversalHandler): Call {
  const { traceparent } = request.headers;
  const name = `${method.parent.typeName}/${method.name}`;
  const parent = typeof traceparent === 'string' ? { parent: traceparent } : {};
  return {
    requestId: requestIdFrom(request),
    method,
    startedAt: performance.now(),
    address: request.socket?.remoteAddress,
    span: startSpan(
      name,
      { 'rpc.service': method.parent.typeName, 'rpc.method': method.name },
      {
        kind: 'server',
        ...parent,
      },
    ),
    caller: { kind: 'anonymous' },
    protocol: 'http',
    invoked: false,
    failure: undefined,
  };
}

function serve(
  options: RpcHandlerOptions,
  handler: UniversalHandler,
  call: Call,
  request: HttpRequest,
  response: HttpResponse,
): void {
  const work = async (): Promise<void> => {
    const universal = universalRequestFromNodeRequest(
      request,
      response,
      undefined,
      createContextValues().set(callKey, call),
    );
    setDeadline(universal.header, handler.method, options.deadlineMs, options.maxDeadlineMs);
    const { methodKind } = handler.method;
    const whole = methodKind === 'unary' || methodKind === 'server_streaming';
    const body = universal.body as AsyncIterable<Uint8Array>;
    const answer = await handler(
      whole ? { ...universal, body: bodyInTime(body, options.bodyTimeoutMs) } : universal,
    );
    const clear = await clarify(answer, universal, call);
    await universalResponseToNodeResponse(
      request.method === 'GET' ? await answerToGet(clear, universal, call) : clear,
      response,
    );
  };
  answered(work(), options, call, response);
}

function answered(work: Promise<void>, options: RpcHandlerOptions, call: Call, response: HttpResponse): void {
  work.catch((err: unknown) => {
    // The caller went away, or sent something that is not even a request.
    options.logger.debug({ err, requestId: call.requestId }, 'the answer could not be sent');
    if (response.headersSent) response.destroy();
    else {
      response.statusCode = 400;
      response.end();
    }
  });
}

/** A unary request that the protocol layer could not read is INVALID_ARGUMENT; the layer itself says INTERNAL. */
async function clarify(
  answer: UniversalServerResponse,
  request: UniversalServerRequest,
  call: Call,
): Promise<UniversalServerResponse> {
  if (call.invoked || call.failure !== undefined || call.method.methodKind !== 'unary') return answer;
  // Nothing but an error is in it, so it is short.
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer.body ?? []) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('latin1');
  const internal =
    answer.status === 500 ||
    answer.header?.get('grpc-status') === '13' ||
    answer.trailer?.get('grpc-status') === '13' ||
    /^grpc-status: *13\b/im.test(text.slice(5));
  if (!internal) return { ...answer, body: asIterable(chunks) };
  call.failure = unreadable('it cannot be parsed or decompressed');
  return refusal(call.method, request, call.failure);
}

async function* asIterable(chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

/** One line (of reads that went well: for debugging only), one count and the end of the span, once the last byte has gone or the caller has. */
function finish(call: Call, logger: Logger): void {
  const durationMs = Math.round((performance.now() - call.startedAt) * 10) / 10;
  const code = outcomeOf(call);
  const rpc = `${call.method.parent.typeName}/${call.method.name}`;
  calls.add(1, { rpc, code });
  durations.record(durationMs, { rpc, code });
  call.span.end({
    attributes: { 'rpc.code': code },
    ...(call.failure === undefined ? {} : { error: call.failure }),
  });
  const { caller } = call;
  const fields = {
    rpc,
    code,
    durationMs,
    protocol: call.protocol,
    requestId: call.requestId,
    caller: caller.kind === 'user' ? caller.userId : caller.kind === 'service' ? caller.service : 'anonymous',
    ...(caller.kind === 'user' && caller.workspaceId !== undefined
      ? { workspaceId: caller.workspaceId }
      : {}),
    ...(call.failure === undefined ? {} : { reason: call.failure.rawMessage }),
  };
  withTrace(call.span.traceparent, () => {
    if (call.failure?.code === Code.Internal || call.failure?.code === Code.Unavailable)
      logger.warn(fields, 'rpc');
    // A read that went well changes nothing and is counted anyway; its line would cost a tenth of the call.
    else if (code === 'ok' && isReadOnly(call.method)) logger.debug(fields, 'rpc');
    else logger.info(fields, 'rpc');
  });
}

/** `malformed`: the protocol layer refused the request before any handler saw it. */
function outcomeOf(call: Call): string {
  if (call.failure !== undefined) return codeToString(call.failure.code);
  return call.invoked ? 'ok' : 'malformed';
}
