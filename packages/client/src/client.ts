import type { DescService } from '@bufbuild/protobuf';
import {
  Code,
  ConnectError,
  createClient,
  type CallOptions,
  type Client,
  type Interceptor,
  type Transport,
} from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';

import { retryUnavailable } from './retry.ts';
import { withTidyStreams } from './streams.ts';
import { publicServices } from './services.ts';

const workspaceHeader = 'X-Workspace-Id';

/** What a transport of one's own is made from. */
export type TransportParts = { baseUrl: string; interceptors: Interceptor[] };

/** How the client reaches the platform. */
export type CnapClientOptions = {
  /** `https://cnap.example`. */
  baseUrl: string;
  /** A personal access token or session token, or what gives one for each call. None: public calls only. */
  token?: string | (() => string | Promise<string>);
  /** The workspace of calls that name no other one (see {@link inWorkspace}). */
  workspaceId?: string;
  /** `connect` (default) and `grpc-web` work everywhere; `@cnap/client/node` has one over HTTP/2. */
  transport?: 'connect' | 'grpc-web' | ((parts: TransportParts) => Transport);
  fetch?: typeof globalThis.fetch;
  /** Deadline of a call that sets none, default 30 s; streams have none. */
  timeoutMs?: number;
  /**
   * How often a call is repeated that met UNAVAILABLE, default 3: reads, and writes with a `requestId`; others
   * never, as nobody knows whether they have happened.
   */
  retries?: number;
};

/** One property per public service of the platform. */
export type CnapClient = {
  readonly [Name in keyof typeof publicServices]: Client<(typeof publicServices)[Name]>;
};

/** Makes a client. It holds no connection that would have to be closed. */
export function createCnapClient(options: CnapClientOptions): CnapClient {
  const transport = callsOf(options);
  const clients = Object.entries(publicServices).map(([name, service]) => [
    name,
    withTidyStreams<DescService>(service, createClient<DescService>(service, transport)),
  ]);
  return Object.fromEntries(clients) as CnapClient;
}

/**
 * A client of one service, for pages that should load no other:
 * `createServiceClient(OrderService, options)` with `OrderService` of `@cnap/client/cnap/billing/v1/order_service`.
 */
export function createServiceClient<S extends DescService>(
  service: S,
  options: CnapClientOptions,
): Client<S> {
  return withTidyStreams(service, createClient(service, callsOf(options)));
}

/** Call options for a workspace other than the client's: `client.clusters.listClusters({}, inWorkspace(id))`. */
export const inWorkspace = (workspaceId: string): CallOptions => ({
  headers: { [workspaceHeader]: workspaceId },
});

function callsOf(options: CnapClientOptions): Transport {
  const interceptors = [retryUnavailable(options.retries ?? 3), identify(options)];
  return unaryDeadline(transportOf(options, interceptors), options.timeoutMs ?? 30_000);
}

function transportOf(options: CnapClientOptions, interceptors: Interceptor[]): Transport {
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  if (typeof options.transport === 'function') return options.transport({ baseUrl, interceptors });
  const web = {
    baseUrl,
    interceptors,
    useBinaryFormat: true,
    fetch: reaching(options.fetch ?? globalThis.fetch),
  };
  return options.transport === 'grpc-web' ? createGrpcWebTransport(web) : createConnectTransport(web);
}

/** A platform that cannot be reached is UNAVAILABLE; fetch says TypeError. */
const reaching =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      throw new ConnectError('the platform cannot be reached', Code.Unavailable, undefined, undefined, cause);
    }
  };

const identify =
  (options: CnapClientOptions): Interceptor =>
  (next) =>
  async (request) => {
    const token = typeof options.token === 'function' ? await options.token() : options.token;
    if (token !== undefined && !request.header.has('authorization')) {
      request.header.set('authorization', `Bearer ${token}`);
    }
    if (options.workspaceId !== undefined && !request.header.has(workspaceHeader)) {
      request.header.set(workspaceHeader, options.workspaceId);
    }
    return next(request);
  };

const unaryDeadline = (transport: Transport, timeoutMs: number): Transport => ({
  unary: (method, signal, deadline, header, message, values) =>
    transport.unary(method, signal, deadline ?? timeoutMs, header, message, values),
  stream: (method, signal, deadline, header, input, values) =>
    transport.stream(method, signal, deadline, header, input, values),
});
