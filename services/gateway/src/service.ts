import { rpcServices } from '@cnap/proto';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { isInternal, openBackends, peerClient, routeTable, startRpcServer } from '@cnap/rpc';
import { callersOf } from '@cnap/service';
import { startTelemetry } from '@cnap/telemetry';
import { Callers } from './caller/resolve.ts';
import type { Config } from './config.ts';
import { forward } from './rpc-forwarding/forward.ts';
import { forwardWebhook } from './webhook/stripe.ts';

/** Starts the gateway: the one public port. */
export async function startGateway(config: Config): Promise<AsyncDisposable & { url: string }> {
  await using parts = new AsyncDisposableStack();
  parts.use(startTelemetry('gateway'));
  const { identity, verifier } = callersOf('gateway', config);
  const callers = new Callers(
    peerClient(CallerService, { baseUrl: config.CNAP_IDENTITY_URL, audience: 'identity', identity }),
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
  const publicServices = Object.values(rpcServices)
    .flat()
    .filter((service) => service.methods.some((method) => !isInternal(method)));
  const server = parts.use(
    await startRpcServer({
      service: 'gateway',
      host: config.HOST,
      port: config.CNAP_PORT,
      services: publicServices,
      verifyCaller: (token) => verifier.verify(token),
      ready: async () => {
        const answer = await fetch(`${config.CNAP_IDENTITY_URL}/readyz`, {
          signal: AbortSignal.timeout(2_000),
        });
        if (!answer.ok) throw new Error('identity is not ready');
      },
      routes: () => undefined,
      http(request, response) {
        const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
        const route = routes.get(path);
        if (route) void forward(request, response, route, { backends, callers });
        else if (path === '/webhooks/stripe' && request.method === 'POST') {
          void forwardWebhook(request, response, backends);
        } else return false;
        return true;
      },
    }),
  );
  const owned = parts.move();
  return { url: server.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
