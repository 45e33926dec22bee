import { ConnectError } from '@connectrpc/connect';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { ServiceIdentity } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { ErrorInfoSchema } from '@cnap/proto/google/rpc/error_details';
import { peerClient } from '@cnap/rpc';
import { createLogger, type Logger } from '@cnap/telemetry';
import type { ResolveCaller } from '../caller/port.ts';

const timeoutMs = 5_000;

/** Asks identity what a credential is worth. */
export function identityCallers(baseUrl: string, identity: ServiceIdentity): ResolveCaller {
  const logger = createLogger('gateway');
  const client = peerClient(CallerService, {
    baseUrl,
    audience: 'identity',
    identity,
    timeoutMs,
    // A wrong credential is its sender's fault, and anybody can send many; what is not is logged below.
    logger: silent,
  });
  return async (call) => {
    try {
      const { callerToken, expireTime, ...answer } = await client.resolveCaller(call);
      return { ...answer, token: callerToken, expiresAt: expireTime ? timestampMs(expireTime) : 0 };
    } catch (error) {
      const refused = refusalIn(error);
      if (refused) throw refused;
      if (!(error instanceof DomainError) || error.kind !== 'unavailable') {
        logger.error({ err: error }, 'identity could not resolve a caller');
      }
      throw new DomainError('unavailable', 'SERVICE_UNAVAILABLE', 'Credentials cannot be checked now.', {
        metadata: { service: 'identity' },
        suggestion: 'Call again in a moment.',
        cause: error,
      });
    }
  };
}

/** Identity's no, which `peerClient` takes for a defect of ours. */
function refusalIn(error: unknown): DomainError | undefined {
  const cause = error instanceof DomainError ? error.cause : undefined;
  if (!(cause instanceof ConnectError)) return undefined;
  const { reason, metadata = {} } = cause.findDetails(ErrorInfoSchema)[0] ?? {};
  if (reason === 'CREDENTIAL_INVALID') {
    return new DomainError('unauthenticated', reason, cause.rawMessage, {
      suggestion: 'Sign in again, or make a new token.',
    });
  }
  if (reason !== 'RATE_LIMITED') return undefined;
  return new DomainError('resource-exhausted', reason, cause.rawMessage, {
    metadata,
    suggestion: 'Wait as long as Retry-After says, and check the token.',
  });
}

const ignore = (): void => undefined;
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent };
