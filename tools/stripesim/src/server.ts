import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerApi } from './api.ts';
import { answerControl } from './control.ts';
import { errorBody, StripeSimError } from './errors.ts';
import type { Fault } from './faults.ts';
import { BodyTooLarge, json, matchPath, readBody, redirect, send } from './http.ts';
import type { Answer } from './http.ts';
import type { Idempotency } from './idempotency.ts';
import { newId } from './ids.ts';
import { showCheckout, submitCheckout } from './pages/checkout.ts';
import { html, pageAnswer, stylesheet } from './pages/html.ts';
import { showOnboarding, submitOnboarding } from './pages/onboarding.ts';
import { showPortal, submitPortal } from './pages/portal.ts';
import type { Simulation } from './simulation.ts';

const notFound = pageAnswer(
  'Not found',
  html`<section>
    <h1>Not found</h1>
    <p>There is no such page.</p>
  </section>`,
  { status: 404 },
);

function answerPage(sim: Simulation, method: string, path: string, body: string): Answer {
  if (method === 'GET' && path === '/') return redirect('/_sim');
  if (method === 'GET' && path === '/style.css') return stylesheet;
  if (method !== 'GET' && method !== 'POST') return notFound;
  const form = method === 'POST' ? new URLSearchParams(body) : undefined;
  const checkout = matchPath('/c/pay/:id', path)?.id;
  if (checkout !== undefined) return form ? submitCheckout(sim, checkout, form) : showCheckout(sim, checkout);
  const setup = matchPath('/setup/s/:account/:token', path);
  if (setup) {
    const { account = '', token = '' } = setup;
    return form ? submitOnboarding(sim, account, token, form) : showOnboarding(sim, account, token);
  }
  const portal = matchPath('/p/session/:token', path)?.token;
  if (portal !== undefined) return form ? submitPortal(sim, portal, form) : showPortal(sim, portal);
  return notFound;
}

/** What an API fault does before the request is carried out; undefined: nothing. */
async function apiFault(
  sim: Simulation,
  fault: Fault,
  request: IncomingMessage,
  stop: AbortSignal,
): Promise<Answer | undefined> {
  if (fault.kind === 'api-latency') {
    await sleep(fault.delay_ms, undefined, { signal: stop });
    return undefined;
  }
  if (fault.kind === 'api-outage') {
    request.socket.destroy();
    return undefined;
  }
  const type = fault.status === 400 ? 'invalid_request_error' : 'api_error';
  const requestId = newId('req');
  const error = new StripeSimError(fault.status, 'An error injected by stripesim.', {
    type,
    ...(fault.status === 429 && { code: 'rate_limit' }),
  });
  return json(fault.status, errorBody(error, requestId), { 'request-id': requestId });
}

async function handle(
  sim: Simulation,
  idempotency: Idempotency,
  request: IncomingMessage,
  response: ServerResponse,
  stop: AbortSignal,
): Promise<void> {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  const method = request.method ?? 'GET';
  const body = await readBody(request);
  if (path === '/_sim' || path.startsWith('/_sim/')) {
    const contentType = request.headers['content-type'] ?? '';
    send(response, answerControl(sim, { method, path, query, contentType, body }));
    return;
  }
  sim.agenda.runDue();
  if (path !== '/v1' && !path.startsWith('/v1/')) {
    send(response, answerPage(sim, method, path, body));
    return;
  }
  const account = request.headers['stripe-account'] ?? request.headers['stripe-context'];
  const subject = { method, path, ...(typeof account === 'string' && { account }) };
  for (const kind of ['api-latency', 'api-outage', 'api-error'] as const) {
    const fault = sim.faults.hit([kind], subject);
    const answer = fault && (await apiFault(sim, fault, request, stop));
    if (answer) send(response, answer);
    if (answer || request.socket.destroyed) return;
  }
  const answer = answerApi(sim, idempotency, { method, path, query, headers: request.headers, body });
  if (sim.faults.hit(['api-answer-lost'], subject)) request.socket.destroy();
  else send(response, answer);
}

export interface Address {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Where browsers and callers reach it, when that is not where it listens. */
  publicUrl: string | undefined;
}

/** The simulation is made when the port is known. */
export async function startServer(
  { host, port, publicUrl }: Address,
  parts: (url: string) => { sim: Simulation; idempotency: Idempotency },
): Promise<{ url: string; port: number; sim: Simulation } & AsyncDisposable> {
  const stop = new AbortController();
  let running: { sim: Simulation; idempotency: Idempotency } | undefined;
  const server = createServer((request, response) => {
    if (!running) {
      request.socket.destroy();
      return;
    }
    handle(running.sim, running.idempotency, request, response, stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted || response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      if (!(error instanceof BodyTooLarge)) console.error('stripesim:', error);
      send(
        response,
        json(error instanceof BodyTooLarge ? 413 : 500, {
          error: { message: 'stripesim could not answer', type: 'api_error' },
        }),
      );
    });
  });
  const bound = await listen(server, host, port);
  const url = publicUrl ?? `http://${host}:${bound}`;
  try {
    running = parts(url);
  } catch (error) {
    await close(server);
    throw error;
  }
  return {
    url,
    port: bound,
    sim: running.sim,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await close(server);
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.closeAllConnections();
  await promise;
}
