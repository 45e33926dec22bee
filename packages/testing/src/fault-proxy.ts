import { createServer, request as plain, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as secure } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/**
 * What a request meets in place of its target: `refuse` closes the connection, `hang` takes it and never answers,
 * `answer` answers in the target's place. `match`: which requests, as `GET /path?query`; all unless told. `times`:
 * over after so many.
 */
export type ProxyFault = { match?: RegExp; times?: number } & (
  | { kind: 'refuse' }
  | { kind: 'hang' }
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: object }
);

/** A way to a server, over plain HTTP, on which things go wrong as told. */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** `GET /path?query`, in the order they came, those that met a fault included. */
  readonly requests: string[];
  /** Connections that are open, and the most that there ever were at once. */
  readonly connections: { open: number; most: number };
  /** Requests that are being answered, as `GET /path?query`: watches among them. */
  readonly underWay: ReadonlyMap<object, string>;
  fail(fault: ProxyFault): void;
  /** Ends all faults; what hangs is cut off. */
  heal(): void;
  /** Cuts off every connection, in the middle of whatever it does. */
  cut(): void;
}

/** @param target `http://` or `https://`, without a path @param ca whom an `https://` target is signed by */
export async function startFaultProxy(target: string, ca?: string): Promise<FaultProxy> {
  const { protocol, hostname, port } = new URL(target);
  const requests: string[] = [];
  const underWay = new Map<object, string>();
  const sockets = new Set<Socket>();
  const connections = { open: 0, most: 0 };
  let faults: ProxyFault[] = [];
  const hanging = new Set<Socket>();

  const server = createServer((request, response) => {
    const line = `${request.method} ${request.url}`;
    requests.push(line);
    underWay.set(request, line);
    response.once('close', () => underWay.delete(request));
    const fault = faults.find(({ match }) => match?.test(line) ?? true);
    if (!fault) return passOn(request, response);
    if (fault.times !== undefined && (fault.times -= 1) <= 0) faults = faults.filter((one) => one !== fault);
    if (fault.kind === 'refuse') return void request.socket.destroy();
    if (fault.kind === 'hang') return void hanging.add(request.socket);
    request.resume();
    response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
    return void response.end(`${JSON.stringify(fault.body ?? {})}\n`); // as events of a watch end, too
  });

  function passOn(request: IncomingMessage, response: ServerResponse): void {
    const send = protocol === 'https:' ? secure : plain;
    const onward = send(
      {
        hostname,
        port,
        path: request.url,
        method: request.method,
        headers: request.headers,
        agent: false,
        ...(ca && { ca }),
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders(); // a watch may have nothing to tell for long
        answer.pipe(response);
        answer.once('close', () => answer.complete || response.destroy());
      },
    );
    onward.once('error', () => request.socket.destroy());
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  }

  server.on('connection', (socket) => {
    sockets.add(socket);
    connections.open += 1;
    connections.most = Math.max(connections.most, connections.open);
    socket.once('close', () => {
      sockets.delete(socket);
      connections.open -= 1;
    });
  });
  const cut = () => sockets.forEach((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections,
    underWay,
    fail: (fault) => void faults.push({ ...fault }),
    heal() {
      faults = [];
      for (const socket of hanging) socket.destroy();
      hanging.clear();
    },
    cut,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
