import type { Caller } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import type { HttpRequest, HttpResponse } from '@cnap/rpc';
import { withActor, withTrace, type Logger } from '@cnap/telemetry';
import type { CallAuth } from './call.ts';
import { send, webRequest } from './web.ts';

/** Header in which the gateway proves that it is the gateway; what it says of the client is believed then. */
const gatewayHeader = 'x-cnap-gateway-token';
const addressHeader = 'x-cnap-client-address';
const apiPath = /^\/api\/auth\//;
const pagePath =
  /^\/(sign-in|sign-up|sign-out|forgot-password|reset-password|verify-email|magic-link|device|account|invitations)(\/|$)/;

type Deps = {
  publicUrl: string;
  callAuth: CallAuth;
  /** Answers the pages. */
  page: (request: Request, address: string) => Promise<Response>;
  verify: (token: string) => Promise<Caller>;
  logger: Logger;
};

/** Serves sign-in to the gateway: better-auth's API and the pages. True when it has taken the request. */
export const signInHttp =
  (deps: Deps) =>
  (request: HttpRequest, response: HttpResponse): boolean => {
    const path = request.url?.split('?', 1)[0] ?? '';
    const isApi = apiPath.test(path);
    if (!isApi && !pagePath.test(path)) return false;
    void answer(request, isApi, deps)
      .then((answered) => send(answered, response))
      .catch((error: unknown) => {
        deps.logger.debug({ err: error }, 'the caller is gone');
        response.destroy();
      });
    return true;
  };

async function answer(request: HttpRequest, isApi: boolean, deps: Deps): Promise<Response> {
  try {
    await refuseOthers(request, deps.verify);
    const asked = await webRequest(request, deps.publicUrl);
    const address = asked.headers.get(addressHeader) ?? '';
    const { traceparent } = request.headers;
    return await withTrace(typeof traceparent === 'string' ? traceparent : undefined, () =>
      withActor({ kind: 'anonymous', id: '', ...(address === '' ? {} : { address }) }, () =>
        isApi ? deps.callAuth(asked, address) : deps.page(asked, address),
      ),
    );
  } catch (error) {
    if (error instanceof DomainError && error.kind !== 'internal') {
      const { kind, reason, message } = error;
      const status = kind === 'unavailable' ? 503 : kind === 'resource-exhausted' ? 413 : 403;
      const code = kind.replaceAll('-', '_');
      return Response.json({ error: { code, message, details: { reason } } }, { status });
    }
    deps.logger.error({ err: error }, 'sign-in failed');
    return Response.json({ error: { code: 'internal', message: 'internal error' } }, { status: 500 });
  }
}

async function refuseOthers(request: HttpRequest, verify: Deps['verify']): Promise<void> {
  const token = request.headers[gatewayHeader];
  const caller = typeof token === 'string' ? await verify(token) : undefined;
  if (caller?.kind === 'service' && caller.service === 'gateway') return;
  throw new DomainError('permission-denied', 'GATEWAY_ONLY', 'People sign in through the public port.');
}
