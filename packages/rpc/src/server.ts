import { createConnectRouter, type ConnectRouter } from '@connectrpc/connect';
import type { DescFile, DescMethod, DescService } from '@bufbuild/protobuf';
import type { Caller } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { createLogger, type Logger } from '@cnap/telemetry';
import { accessRuleOf } from './access.ts';
import { compressions } from './compression.ts';
import { createFail } from './failure.ts';
import { createGate } from './gate.ts';
import { healthRoutes } from './health.ts';
import { aroundHandlers } from './interceptors.ts';
import { openPort, type HttpRequest, type HttpResponse, type PortLimits, type Upgrade } from './port.ts';
import { reflectionRoutes } from './reflection.ts';
import { createRpcHandler, pathOf } from './rpc-handler.ts';
import { createUnaryHandler } from './unary-call.ts';
import { unaryImplementations } from './unary-implementations.ts';

/** What a server is made of. */
export type RpcServerOptions = {
  /** Name of the service, `billing`; errors carry it as `billing.cnap.tech`. */
  service: string;
  /** Address to listen on, default 127.0.0.1. */
  host?: string;
  /** Port to listen on; 0 lets the system choose one. */
  port: number;
  routes: (router: ConnectRouter) => void;
  /** The services that `routes` registers. */
  services: readonly DescService[];
  /** Who a bearer token stands for. */
  verifyCaller: (token: string) => Promise<Caller>;
  /** Resolves when the service can do its work; health, `/readyz` and load balancers go by it. */
  ready?: () => Promise<void>;
  /** Is asked first; true when it has taken the request. */
  http?: (request: HttpRequest, response: HttpResponse) => boolean;
  /** Takes over connections, such as WebSockets; it is told to end them by `onDrain`. */
  upgrade?: Upgrade;
  /** Told while the server drains when streams are to end, and later when everything is: what `http` has taken. */
  onDrain?: (which: 'streams' | 'all', error: DomainError) => void;
  /** Of a unary call whose client sets none. Default 30 s. */
  deadlineMs?: number;
  /** Of a unary call, whatever its client asks for. Default 5 minutes. */
  maxDeadlineMs?: number;
  /** How long a stream may go without a message. Default 10 minutes. */
  streamIdleMs?: (method: DescMethod) => number;
  /** How long the message of a call may take to arrive. Default 30 s. */
  bodyTimeoutMs?: number;
  /** The largest request message. Default 4 MiB. */
  maxMessageBytes?: number;
  limits?: PortLimits;
  logger?: Logger;
};

/** A server that listens. Disposing of it drains it within a second. */
export type RpcServer = AsyncDisposable & {
  readonly port: number;
  readonly url: string;
  /**
   * Stops accepting and lets what is under way finish: streams for half of `deadlineMs` (default 10 s) and
   * at most 5 s, unary calls for all of it; what is left then is told UNAVAILABLE and cut off.
   */
  drain(options?: { deadlineMs?: number }): Promise<void>;
};

const readyTimeoutMs = 5_000;
const lastWordsMs = 250;

/**
 * Serves RPCs over Connect, gRPC and gRPC-Web, HTTP/1.1 and HTTP/2 on one port, with health, reflection,
 * `/healthz` and `/readyz`.
 * @throws Error when a method served says neither a permission nor an access.
 */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const logger = options.logger ?? createLogger(options.service);
  const closingStreams = new AbortController();
  const closingAll = new AbortController();
  let draining = false;

  const fail = createFail(options.service, logger);
  const gate = createGate(options.verifyCaller, fail);
  const maxMessageBytes = options.maxMessageBytes ?? 4 * 1024 * 1024;
  const router = createConnectRouter({
    acceptCompression: compressions,
    // A misspelt field or enum value in JSON is told, not passed over: a filter that is ignored would list everything.
    jsonOptions: { ignoreUnknownFields: false },
    readMaxBytes: maxMessageBytes,
    shutdownSignal: closingAll.signal,
    requestGate: gate,
    interceptors: [
      aroundHandlers({
        fail,
        streamIdleMs: options.streamIdleMs ?? (() => 600_000),
        closing: closingStreams.signal,
      }),
    ],
  });
  const implementations = unaryImplementations(router, options.routes);
  const served = router.handlers.map(({ method }) => method);
  refuseUnruled([...served, ...options.services.flatMap((service) => service.methods)]);

  const isReady = async (): Promise<boolean> => !draining && (await answersInTime(options.ready));
  const platform = platformRouter(options.services, closingAll.signal, isReady);

  const shared = {
    logger,
    deadlineMs: options.deadlineMs ?? 30_000,
    maxDeadlineMs: options.maxDeadlineMs ?? 300_000,
    bodyTimeoutMs: options.bodyTimeoutMs ?? 30_000,
  };
  const handle = createUnaryHandler({ ...shared, gate, fail, maxMessageBytes, closing: closingAll.signal });
  const handleRpc = createRpcHandler({ ...shared, router, unary: { handle, implementations } });
  // Health is asked every few seconds; that is not worth a line.
  const handlePlatform = createRpcHandler({ ...shared, router: platform, logger: silent });

  const port = await openPort({
    port: options.port,
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.upgrade === undefined ? {} : { upgrade: options.upgrade }),
    handler(request, response) {
      if (options.http?.(request, response) === true) return;
      if (handleRpc(request, response) || handlePlatform(request, response)) return;
      void handlePlain(request, response, isReady);
    },
  });

  const drain = async ({ deadlineMs = 10_000 } = {}): Promise<void> => {
    if (draining) return;
    draining = true;
    const shuttingDown = new DomainError(
      'unavailable',
      'SHUTTING_DOWN',
      'The server is restarting; call again.',
    );
    const timers = [
      setTimeout(
        () => {
          closingStreams.abort(shuttingDown);
          options.onDrain?.('streams', shuttingDown);
        },
        Math.min(deadlineMs / 2, 5_000),
      ),
      setTimeout(() => {
        closingAll.abort(shuttingDown);
        options.onDrain?.('all', shuttingDown);
      }, deadlineMs),
      setTimeout(() => port.destroy(), deadlineMs + lastWordsMs),
    ];
    try {
      await port.close();
    } finally {
      timers.forEach(clearTimeout);
      closingAll.abort(shuttingDown);
    }
  };
  return {
    port: port.port,
    url: port.url,
    drain,
    [Symbol.asyncDispose]: () => drain({ deadlineMs: 1_000 }),
  };
}

const ignore = (): void => undefined;
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => silent };

function refuseUnruled(methods: readonly DescMethod[]): void {
  const unruled = new Set(
    methods
      .filter((method) => accessRuleOf(method) === undefined)
      .map((method) => `${method.parent.typeName}/${method.name}`),
  );
  if (unruled.size === 0) return;
  throw new Error(`These RPCs say neither a permission nor an access, or both: ${[...unruled].join(', ')}`);
}

function platformRouter(
  services: readonly DescService[],
  shutdownSignal: AbortSignal,
  isReady: () => Promise<boolean>,
): ConnectRouter {
  const names = services.map(({ typeName }) => typeName);
  const files = [...new Set<DescFile>(services.map(({ file }) => file))];
  const router = createConnectRouter({ readMaxBytes: 64 * 1024, shutdownSignal });
  healthRoutes(names, isReady)(router);
  const platformServices = [...new Set(router.handlers.map(({ service }) => service))];
  reflectionRoutes(
    [...files, ...platformServices.map(({ file }) => file)],
    [...names, ...platformServices.map(({ typeName }) => typeName)],
  )(router);
  return router;
}

async function answersInTime(ready: (() => Promise<void>) | undefined): Promise<boolean> {
  if (ready === undefined) return true;
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), readyTimeoutMs);
  try {
    return await Promise.race([ready().then(() => true), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

async function handlePlain(request: HttpRequest, response: HttpResponse, isReady: () => Promise<boolean>) {
  const answer = (status: number, text: string): void => {
    response.statusCode = status;
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.setHeader('cache-control', 'no-store');
    response.end(`${text}\n`);
  };
  switch (pathOf(request)) {
    case '/healthz':
      return answer(200, 'ok');
    case '/readyz':
      return (await isReady()) ? answer(200, 'ready') : answer(503, 'not ready');
    default:
      return answer(404, 'not found');
  }
}
