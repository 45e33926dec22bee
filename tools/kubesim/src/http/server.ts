import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { User } from '../access/user.ts';
import { admin } from '../access/user.ts';
import { handleControl } from '../faults/control.ts';
import { forbidden, StatusError } from '../objects/status-error.ts';
import { sendDiscovery, versionInfo } from './discovery.ts';
import type { Exchange } from './exchange.ts';
import { sendError, sendJson, sendText } from './exchange.ts';
import { sendOpenApi } from './openapi.ts';
import { resourcePath } from './path.ts';
import { handleResource } from './resource.ts';
import { verbOf } from './resource-request.ts';
import type { Services } from './services.ts';

export interface ApiServer extends AsyncDisposable {
  port: number;
}

export async function listen(services: Services, host: string, port: number): Promise<ApiServer> {
  const server: Server = createServer(
    { requestTimeout: 0, keepAliveTimeout: 90_000 },
    (request, response) => {
      response.on('error', () => response.destroy());
      void answer(services, request, response).catch((error: unknown) => sendError(response, error));
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(services: Services, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const prefixed = /^\/_as\/([^/]+)(\/.*)$/.exec(request.url ?? '');
  const url = new URL(prefixed?.[2] ?? request.url ?? '/', 'http://kubesim');
  const isControl = url.pathname.startsWith('/_sim/');
  if (!isControl && !(await services.faults.pass(request, response))) return;
  if (response.destroyed) return;
  const user = authenticate(services, request, prefixed?.[1]);
  const exchange: Exchange = {
    request,
    response,
    method: request.method ?? 'GET',
    path: url.pathname.replace(/(.)\/+$/, '$1'),
    query: url.searchParams,
    user,
  };
  if (isControl) {
    if (!user.groups.includes('system:masters')) {
      throw forbidden(
        { group: '', resource: '_sim', kind: '', name: '' },
        `only the administrator's token may use /_sim/`,
      );
    }
    return handleControl(services, exchange);
  }
  const path = resourcePath(exchange.path, services.cluster.registry);
  if (!path) return answerPath(services, exchange);
  services.authorizer.check(user, {
    verb: verbOf(exchange.method, path, exchange.query),
    group: path.kind.group,
    resource: path.kind.resource,
    subresource: path.subresource,
    namespace: path.kind.resource === 'namespaces' && !path.kind.group ? path.name : path.namespace,
    name: path.name,
  });
  return handleResource(services, path, exchange);
}

/** `kubectl/v1.36.3 (linux/amd64) kubernetes/…`, `Helm/4.2.0` */
const goClient = /^(kubectl|helm)\b|\bkubernetes\/[\w$]+/i;

/**
 * By bearer token. Go clients withhold it on plain HTTP, so for them the token may stand in the server's
 * path (`/_as/<token>`), and those that bring none at all are the administrator. Others are refused, a
 * browser on a hostile page among them.
 */
function authenticate(
  { tokens, cluster }: Services,
  request: IncomingMessage,
  inPath: string | undefined,
): User {
  const { authorization, 'user-agent': agent = '' } = request.headers;
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1] ?? inPath;
  const trusted =
    authorization === undefined && inPath === undefined && goClient.test(agent) ? admin : undefined;
  const user = token ? tokens.find(token) : trusted;
  const account = user?.serviceAccount;
  const isGone = account && !cluster.store.get('serviceaccounts', account.namespace, account.name);
  if (!user || isGone) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
  return user;
}

/** What is no resource: discovery, version, health. */
function answerPath(services: Services, exchange: Exchange): void {
  const { path, response, user, method } = exchange;
  services.authorizer.check(user, {
    verb: method.toLowerCase(),
    group: '',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    path,
  });
  if (path === '/version') return sendJson(response, 200, versionInfo);
  if (['/healthz', '/livez', '/readyz'].includes(path))
    return sendText(response, 200, 'ok', 'text/plain; charset=utf-8');
  if (path.startsWith('/openapi')) return sendOpenApi(services.cluster, exchange);
  if (/^\/apis?(\/|$)/.test(path)) return sendDiscovery(services.cluster, exchange);
  sendText(response, 404, '404 page not found\n', 'text/plain; charset=utf-8');
}
