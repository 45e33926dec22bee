import type { ClientHttp2Stream, ClientSessionRequestOptions, OutgoingHttpHeaders } from 'node:http2';
import { Http2SessionManager } from '@connectrpc/connect-node';

type Session = InstanceType<typeof Http2SessionManager>;

/** Beyond this many streams on each, another connection is opened, up to the limit. */
const streamsPerConnection = 16;
const maxConnections = 4;
const keepAlive = { pingIntervalMs: 10_000, pingTimeoutMs: 5_000, idleConnectionTimeoutMs: 300_000 };

/**
 * A few HTTP/2 connections to one peer, behind the interface of Connect's single one: a connection has one
 * receive loop and one flow-control window, which many calls at once would share.
 */
export class PeerConnections {
  readonly authority: string;
  readonly #baseUrl: string;
  readonly #connections: { manager: Session; streams: number }[] = [];

  constructor(baseUrl: string) {
    this.#baseUrl = baseUrl;
    this.authority = new URL(baseUrl).origin;
  }

  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: Omit<ClientSessionRequestOptions, 'signal'>,
  ): Promise<ClientHttp2Stream> {
    const connection = this.#leastBusy();
    connection.streams += 1;
    try {
      const stream = await connection.manager.request(method, path, headers, options);
      stream.once('close', () => (connection.streams -= 1));
      return stream;
    } catch (error) {
      connection.streams -= 1;
      throw error;
    }
  }

  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    for (const { manager } of this.#connections) manager.notifyResponseByteRead(stream);
  }

  /** Ends every connection with the calls on it. */
  abort(reason?: Error): void {
    for (const { manager } of this.#connections) manager.abort(reason);
  }

  #leastBusy() {
    const [first, ...others] = this.#connections;
    const best = others.reduce((least, one) => (one.streams < (least?.streams ?? 0) ? one : least), first);
    if (
      best !== undefined &&
      (best.streams < streamsPerConnection || this.#connections.length >= maxConnections)
    ) {
      return best;
    }
    const opened = { manager: new Http2SessionManager(this.#baseUrl, keepAlive), streams: 0 };
    this.#connections.push(opened);
    return opened;
  }
}

const peers = new Map<string, PeerConnections>();

/** The connections to a base URL; every client of this process shares them. They close when idle. */
export function connectionsTo(baseUrl: string): PeerConnections {
  const key = new URL(baseUrl).origin;
  const known = peers.get(key) ?? new PeerConnections(key);
  peers.set(key, known);
  return known;
}
