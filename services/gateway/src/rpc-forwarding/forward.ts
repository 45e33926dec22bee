import { DomainError } from '@cnap/errors';
import {
  clientAddressHeader,
  forwardRpc,
  refuseRpc,
  requestIdFrom,
  type Backends,
  type HttpRequest,
  type HttpResponse,
  type RpcRoute,
} from '@cnap/rpc';
import type { Callers } from '../caller/resolve.ts';

type Deps = { backends: Backends; callers: Callers };

/** Hands one RPC on to its service, with the caller's signed token in place of the credential. */
export async function forward(
  request: HttpRequest,
  response: HttpResponse,
  route: RpcRoute,
  { backends, callers }: Deps,
): Promise<void> {
  const address = request.socket.remoteAddress ?? '';
  const requestId = requestIdFrom(request);
  try {
    const credential = credentialIn(request);
    const workspaceId = headerText(request.headers['x-workspace-id']);
    const token =
      credential === '' ? undefined : await callers.tokenFor({ credential, workspaceId, address });
    if (response.destroyed) return;
    forwardRpc(request, response, {
      route,
      backends,
      headers: {
        authorization: token === undefined ? undefined : `Bearer ${token}`,
        cookie: undefined,
        'x-workspace-id': undefined,
        'x-request-id': requestId,
        [clientAddressHeader]: address,
      },
      responseHeaders: { 'x-request-id': requestId },
    });
  } catch (error) {
    refuseRpc(request, response, route.method, asDomainError(error), 'gateway');
  }
}

function credentialIn(request: HttpRequest): string {
  const header = request.headers.authorization;
  if (header === undefined || header === '') return '';
  const match = /^Bearer +(\S+)$/i.exec(header);
  if (match?.[1] !== undefined) return match[1];
  throw new DomainError(
    'unauthenticated',
    'CREDENTIAL_INVALID',
    'The authorization header is not a bearer token.',
    {
      suggestion: 'Send "Authorization: Bearer <token>".',
    },
  );
}

const headerText = (value: string | string[] | undefined): string =>
  (Array.isArray(value) ? value[0] : value)?.slice(0, 64) ?? '';

const asDomainError = (error: unknown): DomainError =>
  error instanceof DomainError
    ? error
    : new DomainError('internal', 'INTERNAL', 'The call could not be handed on.', { cause: error });
