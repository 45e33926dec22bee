import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DomainError } from '@cnap/errors';
import {
  clientAddressHeader,
  requestIdFrom,
  type Backends,
  type HttpRequest,
  type HttpResponse,
  type Upgrade,
} from '@cnap/rpc';
import { counter, startSpan, withTrace, type Logger } from '@cnap/telemetry';
import type { WebSocketServer } from 'ws';
import { watchCaller } from '../caller/open-stream.ts';
import type { ServiceHeaders } from '../rest/service-call.ts';
import { answerJson } from '../page/plain.ts';
import { converse } from './converse.ts';
import { begin, callerIn, upgraded, type CallerDeps } from './opening.ts';
import { refuseUpgrade, shellProblem } from './refusal.ts';
import { openShellCall } from './shell-call.ts';

export type ShellDeps = CallerDeps & { backends: Backends; logger: Logger };

export type Shells = Upgrade & {
  /** Answers a request for a shell that is not one for a WebSocket; says whether it was for a shell. */
  refusePlain(request: HttpRequest, response: HttpResponse, path: string): boolean;
  /** Tells everybody why their shell ends. */
  end(why: DomainError): void;
};

const shellPath = /^\/api\/exec\/installs\/([^/]{1,100})\/shell$/;
const maxFrameBytes = 1024 * 1024;
const opened = counter('cnap.gateway.shells');

/**
 * Shells over WebSockets: `GET /api/exec/installs/{id}/shell?podName=&containerName=&shell=`. Whoever may not have one
 * is told so by an HTTP status before the upgrade.
 */
export function createShells(deps: ShellDeps): Shells {
  const ending = new AbortController();
  let server: Promise<WebSocketServer> | undefined;
  const load = async (): Promise<WebSocketServer> => {
    const { WebSocketServer } = await import('ws');
    // Compression of what a person types beside what a stranger's program writes is not worth its risks.
    return new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, perMessageDeflate: false });
  };

  async function shell(request: IncomingMessage, socket: Duplex, head: Buffer, headers: ServiceHeaders) {
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    const { call, token } = await callerIn(request, deps);
    using shellCall = openShellCall(deps.backends, {
      ...headers,
      authorization: `Bearer ${token}`,
      'user-agent': request.headers['user-agent'],
      [clientAddressHeader]: call.address === '' ? undefined : call.address,
    });
    gone.signal.addEventListener('abort', () => shellCall[Symbol.dispose]());
    await begin(request, shellPath.exec(pathIn(request))?.[1] ?? '', shellCall);
    if (ending.signal.aborted) throw ending.signal.reason;
    server ??= load();
    const sockets = await server;
    if (socket.destroyed) return;
    const webSocket = await upgraded(sockets, request, socket, head);
    if (webSocket === undefined) return;
    const lost = new AbortController();
    watchCaller(socket, { callers: deps.callers, call, token }, (error) => lost.abort(error));
    await converse(webSocket, shellCall, AbortSignal.any([ending.signal, lost.signal]));
  }

  return {
    wanted: (request) =>
      request.headers.upgrade?.toLowerCase() === 'websocket' && shellPath.test(pathIn(request)),
    take(request, socket, head) {
      const requestId = requestIdFrom(request);
      const startedAt = performance.now();
      const { traceparent } = request.headers;
      const span = startSpan(
        'GET /api/exec/installs/{id}/shell',
        {},
        { kind: 'server', ...parent(traceparent) },
      );
      socket.on('error', () => socket.destroy());
      withTrace(span.traceparent, async () => {
        let outcome = 'ended';
        try {
          const headers = { traceparent: span.traceparent, 'x-request-id': requestId };
          await shell(request, socket, head, headers);
          span.end();
        } catch (error) {
          const problem = shellProblem(error);
          outcome = String(problem.status);
          if (problem.status === 500) deps.logger.error({ err: error, requestId }, 'could not open a shell');
          refuseUpgrade(socket, problem, requestId);
          span.end({ error: problem });
        }
        const durationMs = Math.round(performance.now() - startedAt);
        opened.add(1, { outcome });
        deps.logger.info({ outcome, durationMs, requestId }, 'shell');
      }).catch((error: unknown) => {
        deps.logger.debug({ err: error, requestId }, 'the caller is gone');
        socket.destroy();
      });
    },
    refusePlain(request, response, path) {
      if (!shellPath.test(path)) return false;
      if (request.httpVersionMajor === 1) {
        response.setHeader('upgrade', 'websocket');
        response.setHeader('connection', 'upgrade');
      }
      answerJson(response, 426, {
        error: { code: 'upgrade_required', message: 'A shell is a WebSocket over HTTP/1.1.' },
      });
      return true;
    },
    end: (why) => ending.abort(why),
  };
}

const pathIn = ({ url = '/' }: IncomingMessage): string => url.split('?', 1)[0] ?? '/';
const parent = (traceparent: unknown) => (typeof traceparent === 'string' ? { parent: traceparent } : {});
