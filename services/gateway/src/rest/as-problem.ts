import { DomainError } from '@cnap/errors';
import { problemOf, RestProblem, type Refused } from '@cnap/rest';
import { toConnectError } from '@cnap/rpc';
import { ConnectError } from '@connectrpc/connect';

/** Whatever went wrong, as it is answered; what nobody expected says nothing of itself. */
export function asProblem(error: unknown, operation: Refused): RestProblem {
  if (error instanceof RestProblem) return error;
  if (error instanceof ConnectError) return problemOf(error, operation);
  if (error instanceof DomainError && error.kind !== 'internal') {
    return problemOf(toConnectError(error, 'gateway'), operation);
  }
  return new RestProblem(500, {
    code: 'internal',
    message: 'internal error',
    details: { reason: 'INTERNAL' },
  });
}
