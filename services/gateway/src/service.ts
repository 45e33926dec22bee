import { createServiceIdentity } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { rpcServices } from '@cnap/proto';
import {
  isInternal,
  openBackends,
  routeTable,
  startRpcServer,
  type HttpRequest,
  type HttpResponse,
} from '@cnap/rpc';
import { createLogger, startTelemetry, withTrace } from '@cnap/telemetry';
import { entrance as entranceOf } from './auth/entrance.ts';
import { forwardSignIn } from './auth/sign-in.ts';
import { Callers } from './caller/callers.ts';
import type { Config } from './config.ts';
import { createDocs } from './docs/docs.ts';
import { createShells } from './exec/shells.ts';
import { identityCallers } from './identity/callers.ts';
import { followRevocations } from './nats/revocations.ts';
import { createCors } from './page/cors.ts';
import { answerRoot, answerUnimplemented, setSecurityHeaders } from './page/plain.ts';
import type { EventOptions } from './rest/stream.ts';
import { createRest } from './rest/rest.ts';
import { forward } from './rpc-forwarding/forward.ts';
import { createOpenCalls } from './stop/open-calls.ts';
import { forwardWebhook, stripeWebhookPath } from './webhook/stripe.ts';

const readyTimeoutMs = 2_000;
const drainMs = 4_000;
const restDeadlineMs = 30_000;

/** What tests put in place of the usual. */
export type Overrides = { now?: () => number; webhookDeadlineMs?: number; events?: Partial<EventOptions> };

/** Starts the gateway: the one public port. */
export async function startGateway(
  config: Config,
  { now = Date.now, webhookDeadlineMs: deadlineMs = 10_000, events }: Overrides = {},
): Promise<AsyncDisposable & { url: string }> {
  await using parts = new AsyncDisposableStack();
  parts.use(startTelemetry('gateway'));
  const logger = createLogger('gateway');
  const identity = createServiceIdentity({
    service: 'gateway',
    privateKey: config.CNAP_SERVICE_PRIVATE_KEY,
  });
  const callers = new Callers(identityCallers(config.CNAP_IDENTITY_URL, identity), now);
  parts.use(
    followRevocations({
      natsUrl: config.NATS_URL,
      subjectPrefix: config.CNAP_NATS_PREFIX,
      onRevoked: (revoked) => callers.drop(revoked),
      logger,
    }),
  );
  const backends = parts.use(
    openBackends({
      identity: config.CNAP_IDENTITY_URL,
      clusters: config.CNAP_CLUSTERS_URL,
      catalog: config.CNAP_CATALOG_URL,
      billing: config.CNAP_BILLING_URL,
      installer: config.CNAP_INSTALLER_URL,
    }),
  );
  const routes = routeTable(rpcServices);
  const entrance = entranceOf(config.CNAP_PUBLIC_URL, config.CNAP_TRUSTED_PROXIES);
  const open = createOpenCalls();
  const rest = createRest({
    backends,
    open,
    callers,
    entrance,
    logger,
    events: { headMs: 3_000, heartbeatMs: 15_000, ...events },
    deadlineMs: restDeadlineMs,
  });
  const cors = createCors(config.CNAP_CORS_ORIGINS);
  const docs = createDocs(config.CNAP_PUBLIC_URL, logger);
  const shells = createShells({ backends, callers, entrance, publicUrl: config.CNAP_PUBLIC_URL, logger });
  const signIn = forwardSignIn({
    backends,
    entrance,
    publicUrl: config.CNAP_PUBLIC_URL,
    proof: () => identity.token('identity'),
    logger,
  });
  const http = (request: HttpRequest, response: HttpResponse): boolean => {
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (cors(request, response, path)) return true;
    const route = routes.get(path);
    if (route) {
      forward(request, response, route, { backends, callers, entrance, open, logger });
      return true;
    }
    setSecurityHeaders(response);
    if (docs(request, response, path)) return true;
    if (rest(request, response)) return true;
    if (path === stripeWebhookPath) {
      void withTrace(undefined, () => forwardWebhook(request, response, { backends, logger, deadlineMs }));
      return true;
    }
    if (shells.refusePlain(request, response, path)) return true;
    if (signIn(request, response)) return true;
    if (path === '/') {
      answerRoot(response, config.CNAP_PUBLIC_URL);
      return true;
    }
    return answerUnimplemented(request, response, path);
  };
  const server = await startRpcServer({
    service: 'gateway',
    host: config.HOST,
    port: config.CNAP_PORT,
    // Health and reflection speak for every public service; their methods are all taken by `http`.
    services: Object.values(rpcServices)
      .flat()
      .filter((service) => service.methods.some((method) => !isInternal(method))),
    routes: () => undefined,
    verifyCaller: () => Promise.reject(nobodySignsInHere()),
    ready: async () => {
      const signal = AbortSignal.timeout(readyTimeoutMs);
      const answer = await fetch(`${config.CNAP_IDENTITY_URL}/readyz`, { signal });
      await answer.body?.cancel();
      if (!answer.ok) throw new Error('identity is not ready');
    },
    http,
    upgrade: shells,
    onDrain(which, error) {
      open.end(which, error);
      shells.end(error);
    },
  });
  parts.defer(() => server.drain({ deadlineMs: drainMs }));
  const owned = parts.move();
  return { url: server.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const nobodySignsInHere = (): DomainError =>
  new DomainError('unimplemented', 'UNIMPLEMENTED', 'The gateway serves no method of its own.');
