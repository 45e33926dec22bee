import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from '@bufbuild/protobuf';
import type { DescMessage, DescMethod, Message } from '@bufbuild/protobuf';
import type { Call } from './call.ts';
import { compressions } from './compression.ts';
import { deadlineOf } from './deadline.ts';
import { unreadable, type Fail } from './failure.ts';
import { adoptIdempotencyKey } from './idempotency-key.ts';
import type { Gate } from './gate.ts';
import type { HttpRequest, HttpResponse } from './port.ts';
import { refusal } from './refuse-rpc.ts';
import { wholeBody } from './request-body.ts';
import { headerReader, UnaryContext, type HeaderReader } from './unary-context.ts';
import { validate } from './validation.ts';

/** What answers a unary method. */
export type UnaryImplementation = (request: Message, context: HandlerContext) => unknown;

export type UnaryOptions = {
  gate: Gate;
  fail: Fail;
  maxMessageBytes: number;
  bodyTimeoutMs: number;
  deadlineMs: number;
  maxDeadlineMs: number;
  /** Aborts when all calls are to end. */
  closing: AbortSignal;
};

const worthCompressingBytes = 1_024;
const jsonOptions = { ignoreUnknownFields: false };
const textDecoder = new TextDecoder();

/** Whether a request is what nearly all are: a POST of the Connect protocol that is not compressed. */
export function isPlainUnary({ method, headers }: HttpRequest): boolean {
  if (method !== 'POST' || headers['content-encoding'] !== undefined) return false;
  const type = headers['content-type'];
  return (
    (type === 'application/proto' || type === 'application/json') &&
    /^(\d{1,10})?$/.test(String(headers['connect-timeout-ms'] ?? ''))
  );
}

/**
 * Answers plain unary calls of the Connect protocol, which are nearly all that the gateway and the services make. The
 * protocol layer does the same with four sets of headers, three abort signals and an iterator for every step, which costs
 * more than all the rest of a read; errors are still its to tell.
 */
export function createUnaryHandler(options: UnaryOptions) {
  const open = new Set<UnaryContext>();
  options.closing.addEventListener('abort', () => {
    for (const context of open) context.abort(options.closing.reason);
  });
  return async (
    request: HttpRequest,
    response: HttpResponse,
    call: Call,
    implementation: UnaryImplementation,
  ): Promise<void> => {
    const isJson = request.headers['content-type'] === 'application/json';
    const context = new UnaryContext(
      request,
      call,
      deadlineOf(request.headers['connect-timeout-ms'], options.deadlineMs, options.maxDeadlineMs),
    );
    open.add(context);
    response.once('close', () => context.abort(new ConnectError('the caller went away', Code.Canceled)));
    try {
      const header = headerReader(request);
      const { values, method, protocolName } = context;
      await options.gate({ values, method, protocolName, requestHeader: header });
      const bytes = await Promise.race([
        wholeBody(request, options.maxMessageBytes, options.bodyTimeoutMs),
        context.aborted,
      ]);
      const message = parsed(call, bytes, isJson);
      const body = await handled(options, { call, context, header, message, implementation, isJson });
      await send(request, response, context, body, isJson);
    } catch (error) {
      await sendError(request, response, call, ConnectError.from(error));
    } finally {
      open.delete(context);
      context.end();
    }
  };
}

function parsed(call: Call, bytes: Uint8Array, isJson: boolean): Message {
  const { input } = call.method;
  if (isJson) {
    try {
      return fromJsonString(input, textDecoder.decode(bytes), jsonOptions);
    } catch (error) {
      throw ConnectError.from(error, Code.InvalidArgument);
    }
  }
  try {
    return fromBinary(input, bytes);
  } catch {
    call.failure = unreadable('it cannot be parsed or decompressed');
    throw call.failure;
  }
}

type Parsed = {
  call: Call;
  context: UnaryContext;
  header: HeaderReader;
  message: Message;
  implementation: UnaryImplementation;
  isJson: boolean;
};

async function handled(
  { fail }: UnaryOptions,
  { call, context, header, message, implementation, isJson }: Parsed,
): Promise<Uint8Array> {
  call.invoked = true;
  const { input, output } = call.method;
  try {
    adoptIdempotencyKey(header, input, message);
    validate(input, message);
    const result = await Promise.race([implementation(message, context), context.aborted]);
    return written(output, result as Message, isJson);
  } catch (error) {
    throw fail(error, call, context.signal);
  }
}

function written(schema: DescMessage, result: Message, isJson: boolean): Uint8Array {
  const message = create(schema, result);
  return isJson ? Buffer.from(toJsonString(schema, message)) : toBinary(schema, message);
}

async function send(
  request: HttpRequest,
  response: HttpResponse,
  context: UnaryContext,
  bytes: Uint8Array,
  isJson: boolean,
): Promise<void> {
  const headers: Record<string, string | number> = {
    'content-type': isJson ? 'application/json' : 'application/proto',
  };
  for (const [name, value] of context.answerHeaders()) headers[name] = value;
  const compression = bytes.byteLength < worthCompressingBytes ? undefined : acceptedBy(request);
  let body = bytes;
  if (compression !== undefined) {
    body = await compression.compress(bytes as Uint8Array<ArrayBuffer>);
    headers['content-encoding'] = compression.name;
  }
  headers['content-length'] = body.byteLength;
  if (response.destroyed) return;
  if ('stream' in response) {
    const { stream } = response;
    if (stream.destroyed) return;
    stream.respond({ ':status': 200, ...response.getHeaders(), ...headers });
    stream.end(body);
  } else {
    response.writeHead(200, headers);
    response.end(body);
  }
}

/** The first that the client names, as the protocol layer chooses. */
function acceptedBy({ headers }: HttpRequest) {
  for (const name of String(headers['accept-encoding'] ?? '').split(',')) {
    const found = compressions.find((one) => one.name === name.trim());
    if (found !== undefined) return found;
  }
  return undefined;
}

async function sendError(
  request: HttpRequest,
  response: HttpResponse,
  { method }: { method: DescMethod },
  error: ConnectError,
): Promise<void> {
  if (response.destroyed || response.headersSent) return;
  const universal = universalRequestFromNodeRequest(request, response, undefined, undefined);
  await universalResponseToNodeResponse(await refusal(method, universal, error), response);
}
