import { once, on } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { LookupFunction } from 'node:net';

import type { RawData, WebSocket } from 'ws';

import { KubernetesError, errorFromAnswer } from './kubernetes-error.ts';

export type ExecOptions = {
  namespace: string;
  pod: string;
  container: string;
  command: readonly string[];
  /** A terminal: errors come as output, and the size counts. */
  terminal: boolean;
  /** Ends the connection, and what runs in a terminal with it. */
  signal: AbortSignal;
};

/** What a command that runs in a container does. */
export type ExecEvent =
  | { kind: 'output' | 'errors'; data: Uint8Array }
  /** The last one. With a message, it could not be run or was ended from outside; the code is then not its own. */
  | { kind: 'exit'; code: number; message: string };

/** A command that runs in a container. Disposing of it ends the connection. */
export interface Exec extends Disposable {
  /** To be read once; the cluster is not read faster than this is. */
  readonly events: AsyncIterable<ExecEvent>;
  /** Resolves when the cluster has taken it. */
  write(input: Uint8Array): Promise<void>;
  resize(size: { columns: number; rows: number }): Promise<void>;
  /** Nothing more is typed. */
  end(): Promise<void>;
}

/** How the API server is reached: the address and what a TLS connection takes. */
export type ExecTransport = {
  server: string;
  headers: Record<string, string>;
  tls: { ca?: string; servername?: string; cert?: string; key?: string; lookup?: LookupFunction };
  timeoutMs: number;
};

/** The first byte of a message, as the API server's subprotocols have it. */
const channels = { input: 0, output: 1, errors: 2, status: 3, size: 4, close: 255 };
/** Version 4 cannot say that input has ended; API servers before 1.30 know no other. */
const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const maxMessageBytes = 4 * 1024 * 1024;
/** Proxies cut connections on which nothing passes; a peer that is gone does not answer. */
const pingEveryMs = 20_000;
/** After the exit the server closes the connection; one that does not is closed by us. */
const afterExitMs = 2_000;

/**
 * Starts a command in a container.
 * @throws KubernetesError as for any call: NotFound, Forbidden, BadRequest for a container that does not run
 */
export async function exec(transport: ExecTransport, options: ExecOptions): Promise<Exec> {
  options.signal.throwIfAborted();
  const socket = await open(transport, options);
  const end = (): void => socket.terminate();
  options.signal.addEventListener('abort', end, { once: true });
  let answered = true;
  const pinging = setInterval(() => {
    // Its answer is not read while nobody reads.
    if (!answered && !socket.isPaused) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingEveryMs);
  socket.on('pong', () => (answered = true));
  socket.on('error', () => socket.terminate());
  socket.once('close', () => {
    clearInterval(pinging);
    options.signal.removeEventListener('abort', end);
  });
  const send = (channel: number, data: Uint8Array): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    // What is sent to a connection that broke is of no use to anybody; the events tell that it did.
    if (socket.readyState !== socket.OPEN) resolve();
    else socket.send(Buffer.concat([Uint8Array.of(channel), data]), () => resolve());
    return promise;
  };
  return {
    events: eventsOf(socket, options.signal),
    write: (input) => send(channels.input, input),
    resize: ({ columns, rows }) =>
      send(channels.size, Buffer.from(JSON.stringify({ Width: columns, Height: rows }))),
    async end() {
      if (socket.protocol === protocols[0]) await send(channels.close, Uint8Array.of(channels.input));
    },
    [Symbol.dispose]: end,
  };
}

async function open(transport: ExecTransport, options: ExecOptions): Promise<WebSocket> {
  const url = new URL(transport.server);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  const names = [options.namespace, options.pod].map(encodeURIComponent);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v1/namespaces/${names[0]}/pods/${names[1]}/exec`;
  const asked = { container: options.container, stdin: 'true', stdout: 'true' };
  url.search = new URLSearchParams([
    ...Object.entries(asked),
    options.terminal ? ['tty', 'true'] : ['stderr', 'true'],
    ...options.command.map((part) => ['command', part]),
  ]).toString();
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(url, protocols, {
    ...transport.tls,
    headers: transport.headers,
    handshakeTimeout: transport.timeoutMs,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
  });
  // What comes before anybody listens would be lost.
  socket.once('open', () => socket.pause());
  const refused = refusalOf(socket);
  refused.catch(() => undefined);
  const abort = (): void => socket.terminate();
  options.signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([once(socket, 'open'), refused]);
    return socket;
  } catch (error) {
    socket.on('error', () => undefined); // it is ended while it connects
    socket.terminate();
    options.signal.throwIfAborted();
    if (error instanceof KubernetesError) throw error;
    throw broken(`${url.host} cannot be reached`, error);
  } finally {
    options.signal.removeEventListener('abort', abort);
  }
}

/** Rejects with what the API server answers in place of the upgrade. */
async function refusalOf(socket: WebSocket): Promise<never> {
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  const body = await bodyOf(response);
  throw errorFromAnswer(response.statusCode ?? 0, body, response.headers['retry-after']);
}

async function* eventsOf(socket: WebSocket, signal: AbortSignal): AsyncGenerator<ExecEvent> {
  let exit: ExecEvent | undefined;
  let timer: NodeJS.Timeout | undefined;
  const messages = on(socket, 'message', { close: ['close'], highWaterMark: 16, lowWaterMark: 4 });
  socket.resume();
  try {
    for await (const [message] of messages as AsyncIterable<[RawData]>) {
      const bytes = bytesOf(message);
      const data = bytes.subarray(1);
      if (bytes[0] === channels.output && data.length > 0) yield { kind: 'output', data };
      else if (bytes[0] === channels.errors && data.length > 0) yield { kind: 'errors', data };
      else if (bytes[0] === channels.status) {
        exit = exitOf(data);
        // Output that was written before may still come.
        timer = setTimeout(() => socket.terminate(), afterExitMs);
      }
    }
  } catch (error) {
    signal.throwIfAborted();
    throw broken('the connection to the container broke', error);
  } finally {
    clearTimeout(timer);
    socket.terminate();
  }
  signal.throwIfAborted();
  if (exit === undefined) throw broken('the connection to the container broke');
  yield exit;
}

type ExecStatus = {
  status?: string;
  message?: string;
  reason?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
};

/** The message of the status channel: a Status, with the exit code as a cause. */
function exitOf(data: Uint8Array): ExecEvent {
  const failed = (message: string): ExecEvent => ({ kind: 'exit', code: -1, message });
  let status: ExecStatus;
  try {
    status = JSON.parse(Buffer.from(data).toString()) as ExecStatus;
  } catch {
    return failed('the cluster did not say how the command ended');
  }
  if (status.status === 'Success') return { kind: 'exit', code: 0, message: '' };
  const code = Number(status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message);
  if (status.reason === 'NonZeroExitCode' && Number.isInteger(code))
    return { kind: 'exit', code, message: '' };
  return failed(status.message ?? 'the command could not be run');
}

const bytesOf = (message: RawData): Buffer =>
  Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message as Buffer);

async function bodyOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > maxMessageBytes) break;
  }
  return text;
}

const broken = (message: string, cause?: unknown): KubernetesError =>
  new KubernetesError({ code: 0, reason: 'Unreachable', message, cause });
