import { Code, ConnectError } from '@connectrpc/connect';
import { DomainError, type ErrorKind } from '@cnap/errors';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  LocalizedMessageSchema,
  RequestInfoSchema,
  RetryInfoSchema,
} from '@cnap/proto/google/rpc/error_details';

const codes: Record<ErrorKind, Code> = {
  'invalid-argument': Code.InvalidArgument,
  'not-found': Code.NotFound,
  'already-exists': Code.AlreadyExists,
  'permission-denied': Code.PermissionDenied,
  unauthenticated: Code.Unauthenticated,
  'failed-precondition': Code.FailedPrecondition,
  aborted: Code.Aborted,
  'resource-exhausted': Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  'deadline-exceeded': Code.DeadlineExceeded,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
};

/**
 * An error as the wire has it (with `retryAfterSeconds` in its metadata also RetryInfo and the header): ErrorInfo with reason and `<service>.cnap.tech`, BadRequest with the fields,
 * LocalizedMessage with the suggestion.
 */
export function toConnectError(error: DomainError, service: string): ConnectError {
  const connectError = new ConnectError(error.message, codes[error.kind], undefined, undefined, error);
  connectError.details.push({
    desc: ErrorInfoSchema,
    value: { reason: error.reason, domain: `${service}.cnap.tech`, metadata: error.metadata },
  });
  if (error.fields.length > 0) {
    connectError.details.push({
      desc: BadRequestSchema,
      value: {
        fieldViolations: error.fields.map(({ field, description }) => ({
          field,
          description,
          reason: error.reason,
        })),
      },
    });
  }
  if (error.suggestion !== undefined) {
    connectError.details.push({
      desc: LocalizedMessageSchema,
      value: { locale: 'en-US', message: error.suggestion },
    });
  }
  const seconds = Number(error.metadata['retryAfterSeconds'] ?? Number.NaN);
  if (Number.isSafeInteger(seconds)) {
    connectError.details.push({
      desc: RetryInfoSchema,
      value: { retryDelay: { seconds: BigInt(seconds) } },
    });
    connectError.metadata.set('retry-after', String(seconds));
  }
  return connectError;
}

/** What a caller is told of a defect: nothing but how to report it. */
export function internalError(requestId: string, service: string, cause: unknown): ConnectError {
  const error = toConnectError(
    new DomainError('internal', 'INTERNAL', 'internal error', { metadata: { requestId }, cause }),
    service,
  );
  error.details.push({ desc: RequestInfoSchema, value: { requestId } });
  return error;
}
