import { Code, type ConnectError } from '@connectrpc/connect';
import { DomainError, type ErrorKind } from '@cnap/errors';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  LocalizedMessageSchema,
} from '@cnap/proto/google/rpc/error_details';

/** What a peer may say that its caller can decide on. */
const readableKinds = new Map<Code, ErrorKind>([
  [Code.NotFound, 'not-found'],
  [Code.FailedPrecondition, 'failed-precondition'],
  [Code.InvalidArgument, 'invalid-argument'],
]);

/** Whether the peer could not answer, as opposed to having answered no. */
export const isUnavailable = (error: ConnectError): boolean =>
  error.code === Code.Unavailable || error.code === Code.DeadlineExceeded || error.code === Code.Canceled;

/** What the transport says of a connection that breaks depends on the moment: reset, destroyed, or half an answer. */
const brokenCodes = new Set([Code.Aborted, Code.Internal, Code.Unknown, Code.DataLoss, Code.Canceled]);

/** Whether the connection to a peer broke, or the peer says that it cannot answer now. Its own errors have a reason. */
export const isBroken = (error: ConnectError): boolean =>
  error.code === Code.Unavailable ||
  (brokenCodes.has(error.code) && error.findDetails(ErrorInfoSchema).length === 0);

/**
 * What a peer answered, as an error of ours. UNAVAILABLE, DEADLINE_EXCEEDED and a broken connection are unavailable;
 * NOT_FOUND, FAILED_PRECONDITION and INVALID_ARGUMENT with a reason keep kind, reason, metadata and fields, so that
 * the caller can decide on them; anything else is our defect and internal.
 */
export function fromConnectError(error: ConnectError, peer: string): DomainError {
  const info = error.findDetails(ErrorInfoSchema)[0];
  const kind = readableKinds.get(error.code);
  if (kind !== undefined && info !== undefined && info.reason !== '') {
    const suggestion = error.findDetails(LocalizedMessageSchema)[0]?.message;
    return new DomainError(kind, info.reason, error.rawMessage, {
      metadata: info.metadata,
      fields: error
        .findDetails(BadRequestSchema)
        .flatMap((detail) => detail.fieldViolations)
        .map(({ field, description }) => ({ field, description })),
      ...(suggestion === undefined ? {} : { suggestion }),
      cause: error,
    });
  }
  if (isUnavailable(error) || isBroken(error)) {
    return new DomainError('unavailable', 'PEER_UNAVAILABLE', `The ${peer} service cannot be reached now.`, {
      metadata: { peer },
      cause: error,
    });
  }
  return new DomainError(
    'internal',
    'PEER_FAILED',
    `The ${peer} service gave an answer that was not expected.`,
    {
      metadata: { peer },
      cause: error,
    },
  );
}
