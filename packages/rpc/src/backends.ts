import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2';

/** Another connection is opened when each has this many streams, up to the limit. */
const streamsPerConnection = 32;
const connectTimeoutMs = 3_000;
const pingEveryMs = 10_000;
const pingTimeoutMs = 5_000;
const lastChanceMs = 500;
const idleMs = 300_000;

type Connection = { session: ClientHttp2Session; streams: number; idleSince: number };

/** HTTP/2 connections to the services behind the gateway. Disposing of it ends them. */
export type Backends = AsyncDisposable & {
  /** Opens a stream to a service. It fails as streams do: with `error` and `close`. */
  request(service: string, headers: OutgoingHttpHeaders, endStream: boolean): ClientHttp2Stream;
};

/**
 * Keeps a few HTTP/2 connections (`connections`, default 4) to each base URL. They are opened when needed,
 * replaced as soon as they are told to go away or no longer answer pings, and closed when idle.
 */
export function openBackends(
  baseUrls: Record<string, string>,
  options: { connections?: number } = {},
): Backends {
  const limit = options.connections ?? 4;
  const pools = new Map(
    Object.entries(baseUrls).map(([service, url]) => [service, { url, open: [] as Connection[] }]),
  );

  function connectionTo(pool: { url: string; open: Connection[] }): Connection {
    let best: Connection | undefined;
    for (const one of pool.open) if (best === undefined || one.streams < best.streams) best = one;
    if (best !== undefined && (best.streams < streamsPerConnection || pool.open.length >= limit)) return best;
    const opened: Connection = { session: connect(pool.url), streams: 0, idleSince: Date.now() };
    pool.open.push(opened);
    watch(opened, () => {
      const index = pool.open.indexOf(opened);
      if (index >= 0) pool.open.splice(index, 1);
    });
    return opened;
  }

  return {
    request(service, headers, endStream) {
      const pool = pools.get(service);
      if (pool === undefined) throw new Error(`no address of the service ${service} is configured`);
      const connection = connectionTo(pool);
      const stream = connection.session.request(headers, { endStream });
      connection.streams += 1;
      stream.once('close', () => {
        connection.streams -= 1;
        connection.idleSince = Date.now();
      });
      return stream;
    },
    async [Symbol.asyncDispose]() {
      const sessions = [...pools.values()].flatMap(({ open }) => open.map(({ session }) => session));
      await Promise.all(
        sessions.map((session) => {
          const { promise, resolve } = Promise.withResolvers<void>();
          if (session.destroyed) return undefined;
          session.once('close', resolve);
          session.destroy();
          return promise;
        }),
      );
    },
  };
}

/** Calls `gone` once, as soon as no new stream may be opened on the connection. */
function watch(connection: Connection, gone: () => void): void {
  const { session } = connection;
  session.once('goaway', gone);
  session.once('close', gone);
  // What goes wrong with a connection its streams tell, too.
  session.on('error', gone);
  const connecting = setTimeout(
    () => session.destroy(undefined, constants.NGHTTP2_CONNECT_ERROR),
    connectTimeoutMs,
  );
  session.once('connect', () => clearTimeout(connecting));
  const pinging = setInterval(() => {
    if (connection.streams === 0) {
      if (Date.now() - connection.idleSince > idleMs) session.close();
      return;
    }
    // A process that was starved itself comes to its timers before it reads what has arrived meanwhile.
    let late = setTimeout(() => {
      late = setTimeout(() => session.destroy(undefined, constants.NGHTTP2_CANCEL), lastChanceMs);
    }, pingTimeoutMs);
    if (session.connecting || session.destroyed || !session.ping(() => clearTimeout(late)))
      clearTimeout(late);
  }, pingEveryMs);
  pinging.unref();
  session.once('close', () => {
    clearTimeout(connecting);
    clearInterval(pinging);
  });
}
