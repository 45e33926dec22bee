import { Code, ConnectError } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import type { Logger } from '@cnap/telemetry';
import type { Call } from './call.ts';
import { isUnavailable } from './from-connect-error.ts';
import { internalError, toConnectError } from './to-connect-error.ts';

/** Errors that the protocol layer itself made of a request: not parseable, too large, without a message. */
const ofRequest = new WeakSet<object>();

/** The protocol layer says INTERNAL when it cannot parse or decompress; what cannot be read is the sender's fault. */
export const unreadable = (detail: string): ConnectError =>
  new ConnectError(`the request cannot be read: ${detail}`, Code.InvalidArgument);

/** What a call with one message is told that was sent without any, or with two. */
export function notOneMessage(count: number): ConnectError {
  const told = unreadable(count === 0 ? 'there is no message in it' : 'there is more than one message in it');
  ofRequest.add(told);
  return told;
}

/** Reads the messages of a request and remembers that what goes wrong with them is the caller's doing. */
export async function* readRequest<T>(messages: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const told = error.code === Code.Internal ? unreadable(error.rawMessage) : error;
    ofRequest.add(told);
    throw told;
  }
}

/** Turns whatever was thrown into what the caller is told, and logs what is a defect. */
export type Fail = (error: unknown, call: Call, signal?: AbortSignal) => ConnectError;

/**
 * DomainErrors as they are; errors of the request and of its deadline as the protocol layer made them; a
 * ConnectError from a peer never passes: UNAVAILABLE and DEADLINE_EXCEEDED are UNAVAILABLE, others INTERNAL;
 * anything else is a defect: INTERNAL with the request id, its stack in the log.
 */
export function createFail(service: string, logger: Logger): Fail {
  const told = (error: unknown, call: Call, signal: AbortSignal | undefined): ConnectError => {
    if (error instanceof DomainError) {
      if (error.kind === 'internal') {
        logger.error({ err: error, requestId: call.requestId }, 'call failed');
        return internalError(call.requestId, service, error);
      }
      return toConnectError(error, service);
    }
    const reason: unknown = signal?.aborted === true ? signal.reason : undefined;
    if (reason instanceof ConnectError && (error === reason || isAbort(error))) return ended(reason, service);
    if (reason instanceof DomainError && isAbort(error)) return toConnectError(reason, service);
    if (signal?.aborted === true && isAbort(error))
      return new ConnectError('the caller went away', Code.Canceled);
    if (error instanceof ConnectError) {
      if (ofRequest.has(error) || isNotImplemented(error, call)) return error;
      if (isUnavailable(error)) {
        return toConnectError(
          new DomainError('unavailable', 'PEER_UNAVAILABLE', 'A part of the platform cannot be reached now.'),
          service,
        );
      }
    }
    logger.error({ err: error, requestId: call.requestId, rpc: call.method.name }, 'call failed');
    return internalError(call.requestId, service, error);
  };
  return (error, call, signal) => {
    call.failure = told(error, call, signal);
    return call.failure;
  };
}

/** What the router answers for a method of a served service that has no implementation. */
const isNotImplemented = (error: ConnectError, call: Call): boolean =>
  error.code === Code.Unimplemented &&
  error.rawMessage === `${call.method.parent.typeName}.${call.method.name} is not implemented`;

/** The reasons that the protocol layer aborts a call with are a deadline and a caller who went away. */
const ended = (reason: ConnectError, service: string): ConnectError =>
  reason.code === Code.DeadlineExceeded
    ? toConnectError(
        new DomainError('deadline-exceeded', 'DEADLINE_EXCEEDED', 'The call took longer than its deadline.'),
        service,
      )
    : reason;

const isAbort = (error: unknown): boolean =>
  (error instanceof Error && error.name === 'AbortError') ||
  (error instanceof ConnectError && (error.code === Code.Canceled || error.code === Code.DeadlineExceeded));
