import type { DescMethod } from '@bufbuild/protobuf';
import type { Interceptor, StreamRequest, StreamResponse } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { callKey, type Call } from './call.ts';
import { readRequest, notOneMessage, type Fail } from './failure.ts';
import { adoptIdempotencyKey } from './idempotency-key.ts';
import { boundedBy, streamEnd, type StreamEnd } from './stream-bounds.ts';
import { validate, validateEach } from './validation.ts';

/** What surrounds every handler, from outside to inside: errors, deadline, idempotency key, validation. */
export type AroundOptions = {
  fail: Fail;
  streamIdleMs: (method: DescMethod) => number;
  closing: AbortSignal;
};

/** The deadline reaches the handler as its signal; a handler that does not listen is not waited for. */
export function aroundHandlers(options: AroundOptions): Interceptor {
  return (next) => async (request) => {
    const call = callOf(request.contextValues.get(callKey));
    call.invoked = true;
    try {
      if (request.stream) return await aroundStream(options, call, request, next);
      adoptIdempotencyKey(request.header, request.method.input, request.message);
      validate(request.method.input, request.message);
      return await untilAborted(next(request), request.signal);
    } catch (error) {
      throw options.fail(error, call, request.signal);
    }
  };
}

type Next = Parameters<Interceptor>[0];

async function aroundStream(options: AroundOptions, call: Call, request: StreamRequest, next: Next) {
  const end = streamEnd(options.streamIdleMs(request.method), request.signal, options.closing);
  try {
    const response = await Promise.race([next({ ...request, message: incoming(request, end) }), end.ended]);
    if (!response.stream) throw new Error('a streaming handler answered with one message');
    return { ...response, message: outgoing(options, call, request, response, end) };
  } catch (error) {
    end.release();
    throw error;
  }
}

async function* incoming(request: StreamRequest, end: StreamEnd) {
  const single = request.method.methodKind === 'server_streaming';
  let count = 0;
  for await (const message of validateEach(request.method.input, readRequest(request.message))) {
    count += 1;
    if (single && count > 1) throw notOneMessage(count);
    end.touch();
    if (single) adoptIdempotencyKey(request.header, request.method.input, message);
    yield message;
  }
  // The protocol layer would say that the method is not implemented.
  if (single && count === 0) throw notOneMessage(count);
}

async function* outgoing(
  options: AroundOptions,
  call: Call,
  request: StreamRequest,
  response: StreamResponse,
  end: StreamEnd,
) {
  try {
    yield* boundedBy(response.message, end);
  } catch (error) {
    throw options.fail(error, call, request.signal);
  } finally {
    end.release();
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function callOf(call: Call | undefined): Call {
  if (call === undefined)
    throw new DomainError('internal', 'INTERNAL', 'the call did not come through the server');
  return call;
}
