import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A request over HTTP/1.1 or HTTP/2. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;
/** The response to it. */
export type HttpResponse = ServerResponse | Http2ServerResponse;
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;

/** How long senders may take and how much they may send before a handler sees anything. */
export type PortLimits = {
  /** Until the headers of a request are complete, and until a new connection has sent one. Default 10 s. */
  headersTimeoutMs?: number;
  /** Until an HTTP/1.1 request is complete with its body. Default 60 s. */
  requestTimeoutMs?: number;
  /** How long a connection may be open without a request. Default 10 minutes over HTTP/2, 65 s over HTTP/1.1. */
  idleTimeoutMs?: number;
  /** All headers of a request together. Default 32 KiB. */
  maxHeaderBytes?: number;
};

/** What becomes of HTTP/1.1 requests with the header `Upgrade`: those that are not wanted are handled like any other. */
export type Upgrade = {
  wanted(request: IncomingMessage): boolean;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
};

export type PortOptions = {
  host?: string;
  /** 0 lets the system choose. */
  port: number;
  handler: HttpHandler;
  /** Takes over HTTP/1.1 connections. */
  upgrade?: Upgrade;
  limits?: PortLimits;
};

/** A port that listens. */
export type OpenPort = {
  readonly port: number;
  readonly url: string;
  /** Stops accepting, tells every connection so, and resolves when the last request has been answered. */
  close(): Promise<void>;
  /** Ends what is still open. */
  destroy(): void;
};

const http2Preface = 'PRI';
const maxConcurrentStreams = 1_000;

/**
 * One cleartext port for HTTP/1.1 and HTTP/2 with prior knowledge. The HTTP/1.1 server is the one that listens,
 * because Node checks header and request timeouts only for a server that does; connections that begin with the
 * HTTP/2 preface are handed to an HTTP/2 server that has no port of its own, with checks of ours.
 */
export async function openPort(options: PortOptions): Promise<OpenPort> {
  const limits = { headersTimeoutMs: 10_000, requestTimeoutMs: 60_000, ...options.limits };
  const maxHeaderSize = limits.maxHeaderBytes ?? 32_768;
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  let closing = false;

  const handle: HttpHandler = (request, response) => {
    if (closing && request.httpVersionMajor === 1) response.setHeader('connection', 'close');
    options.handler(request, response);
  };

  const server = createServer(
    {
      maxHeaderSize,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: Math.max(limits.requestTimeoutMs, limits.headersTimeoutMs),
      connectionsCheckingInterval: Math.max(50, Math.min(1_000, limits.headersTimeoutMs / 4)),
      keepAliveTimeout: limits.idleTimeoutMs ?? 65_000,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      shouldUpgradeCallback: (request) => options.upgrade?.wanted(request) ?? false,
    },
    (request, response) => {
      // A connection that was busy when the port began to close becomes idle after its answer.
      response.once('close', () => closing && setImmediate(() => server.closeIdleConnections()));
      handle(request, response);
    },
  );
  if (options.upgrade !== undefined) server.on('upgrade', options.upgrade.take);

  const http2 = createHttp2Server(
    {
      settings: { maxConcurrentStreams, maxHeaderListSize: maxHeaderSize, initialWindowSize: 1 << 20 },
      maxHeaderListPairs: 128,
    },
    handle,
  );
  http2.on('session', (session: ServerHttp2Session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    boundIdle(session, limits.headersTimeoutMs, limits.idleTimeoutMs ?? 600_000);
    if (closing) session.close();
  });

  // The listeners of http.Server read the connection as HTTP/1.1; they get it when it is.
  const http1Listeners = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    sniff(socket, limits.headersTimeoutMs, (isHttp2) => {
      if (isHttp2) {
        // A server of http has its sockets half open; an HTTP/2 session would not notice that its client left.
        socket.allowHalfOpen = false;
        http2.emit('connection', socket);
      } else for (const listener of http1Listeners) listener.call(server, socket);
    });
  });

  const host = options.host ?? '127.0.0.1';
  server.listen(options.port, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      if (closing) return;
      closing = true;
      const closed = once(server, 'close');
      server.close();
      // GOAWAY. The two steps of RFC 9113, 6.8 are not to be had: after a first one Node reads no more.
      for (const session of sessions) session.close();
      await closed;
    },
    destroy() {
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Decides by its first three bytes what a connection speaks; one that does not send them in time is cut. */
function sniff(socket: Socket, timeoutMs: number, decided: (isHttp2: boolean) => void): void {
  const seen: Buffer[] = [];
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  socket.once('close', () => clearTimeout(timer));
  const look = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk !== null) seen.push(chunk);
    const head = Buffer.concat(seen);
    const start = head.toString('latin1', 0, http2Preface.length);
    if (start.length < http2Preface.length && http2Preface.startsWith(start)) {
      if (socket.readableEnded) socket.destroy();
      else socket.once('readable', look);
      return;
    }
    clearTimeout(timer);
    socket.unshift(head);
    decided(start === http2Preface);
  };
  socket.once('end', () => clearTimeout(timer));
  socket.once('readable', look);
}

/** Ends a session that has had no request for too long, however busy it keeps its socket meanwhile. */
function boundIdle(session: ServerHttp2Session, firstRequestMs: number, idleMs: number): void {
  let open = 0;
  let timer = setTimeout(() => session.destroy(), firstRequestMs);
  session.on('stream', (stream) => {
    open += 1;
    clearTimeout(timer);
    stream.once('close', () => {
      open -= 1;
      if (open > 0 || session.closed) return;
      clearTimeout(timer);
      timer = setTimeout(() => session.close(), idleMs);
      timer.unref();
    });
  });
  session.once('close', () => clearTimeout(timer));
}
