import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from '@connectrpc/connect-node';
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from '@bufbuild/protobuf';
import type { DescMessage, DescMethod, Message } from '@bufbuild/protobuf';
import type { Call } from './call.ts';
import { unreadable, type Fail } from './failure.ts';
import { adoptIdempotencyKey } from './idempotency-key.ts';
import type { Gate } from './gate.ts';
import { bodyBytes, messageIn, plainDeadline, sendPlain, type PlainUnary } from './plain-unary.ts';
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

const jsonOptions = { ignoreUnknownFields: false };
const textDecoder = new TextDecoder();

/**
 * Answers plain unary calls, which are nearly all that there are. The protocol layer does the same with four sets of headers, three abort signals and an iterator for every step, which costs
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
    plain: PlainUnary,
    implementation: UnaryImplementation,
  ): Promise<void> => {
    const { isJson } = plain;
    const deadlineMs = plainDeadline(request, options.deadlineMs, options.maxDeadlineMs);
    const context = new UnaryContext(request, call, plain.protocol, deadlineMs);
    open.add(context);
    response.once('close', () => {
      if (!context.isOver) context.abort(new ConnectError('the caller went away', Code.Canceled));
    });
    let failed: unknown;
    try {
      const header = headerReader(request);
      const { values, method, protocolName } = context;
      await options.gate({ values, method, protocolName, requestHeader: header });
      const bytes = await Promise.race([
        wholeBody(request, bodyBytes(plain, options.maxMessageBytes), options.bodyTimeoutMs),
        context.aborted,
      ]);
      const message = parsed(call, messageIn(plain, bytes), isJson);
      const body = await handled(options, { call, context, header, message, implementation, isJson });
      await sendPlain(request, response, plain, body, context.answerHeaders());
    } catch (error) {
      failed = error;
    }
    // Before it is told that it failed: the library's promise of having told it never settles.
    open.delete(context);
    context.end();
    if (failed !== undefined) await sendError(request, response, call, ConnectError.from(failed));
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
