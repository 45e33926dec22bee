import { invalidRequest, StripeSimError, unknownUrl } from './errors.ts';
import { faultKinds } from './faults.ts';
import type { NewFault } from './faults.ts';
import type { FormMap, FormValue } from './form.ts';
import type { Answer } from './http.ts';
import { json, matchPath } from './http.ts';
import { owned } from './owned.ts';
import { boolean, integer, list, oneOf, parseParams, record, required, text, url } from './params.ts';
import type { Field, Parsed, Shape } from './params.ts';
import { accountFor, changeAccount } from './resources/account.ts';
import { settleSession } from './resources/checkout-pay.ts';
import { closeDispute, openDispute } from './resources/dispute.ts';
import { bookOf, keepBook } from './resources/subscription-book.ts';
import { platformAccount, scopeOf } from './simulation.ts';
import type { Scope, Simulation } from './simulation.ts';
import type { Settings } from './settings.ts';
import type { Table } from './store.ts';

interface Command {
  method: string;
  path: string;
  shape: Shape;
  run(sim: Simulation, params: unknown, ids: Record<string, string>): unknown;
}

const command = <S extends Shape>(
  method: string,
  path: string,
  shape: S,
  run: (sim: Simulation, params: Parsed<S>, ids: Record<string, string>) => unknown,
): Command => ({ method, path, shape, run: (sim, params, ids) => run(sim, params as Parsed<S>, ids) });

const number = (min: number, max: number): Field<number> => ({
  parse(value, path) {
    const parsed = typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
    if (!(parsed >= min && parsed <= max)) throw invalidRequest(`must be between ${min} and ${max}`, path);
    return parsed;
  },
});

/** The account that an object belongs to, so that commands need to name the object only. */
function scopeOfObject(sim: Simulation, table: Table<{ id: string }>, kind: string, id: string): Scope {
  const scope = scopeOf(sim, table.accountOf(id) ?? platformAccount);
  owned(scope, table, kind, id);
  return scope;
}

const defined = <T extends object>(params: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

const commands: Command[] = [
  command('GET', '/_sim', {}, (sim) => ({
    what: 'stripesim, a simulated Stripe: a test double, not Stripe',
    url: sim.url,
    now: sim.clock.now(),
    objects: Object.fromEntries(
      Object.entries(sim.tables).map(([name, table]) => [name, [...table.rows()].length]),
    ),
  })),
  command('GET', '/_sim/settings', {}, (sim) => sim.settings),
  command(
    'POST',
    '/_sim/settings',
    {
      webhooks: list(record({ url: required(url), secret: required(text()) })),
      apiKeys: list(text()),
      searchLagSeconds: integer(),
      paymentRetryDays: list(integer({ min: 1 })),
      afterRetries: oneOf('canceled', 'unpaid', 'past_due'),
      webhookRetryMs: integer({ min: 1 }),
      webhookAttempts: integer({ min: 1 }),
      webhookTimeoutMs: integer({ min: 1 }),
    },
    (sim, params) => Object.assign(sim.settings, defined(params) satisfies Partial<Settings>),
  ),
  command('GET', '/_sim/clock', {}, (sim) => ({ now: sim.clock.now() })),
  command('POST', '/_sim/clock', { advance_seconds: integer(), to: integer() }, (sim, params) => {
    const to = params.to ?? sim.clock.now() + (params.advance_seconds ?? 0);
    if (to < sim.clock.now()) throw invalidRequest('The clock cannot be moved back.', 'to');
    const count = sim.agenda.advance(to);
    return { now: sim.clock.now(), happened: count };
  }),
  command('GET', '/_sim/faults', {}, (sim) => ({ data: sim.faults.list() })),
  command(
    'POST',
    '/_sim/faults',
    {
      kind: required(oneOf(...faultKinds)),
      times: integer({ min: 1 }),
      probability: number(0, 1),
      type: text(),
      method: oneOf('GET', 'POST', 'DELETE'),
      path: text(),
      account: text(),
      delay_ms: integer({ max: 600_000 }),
      count: integer({ min: 2, max: 100 }),
      status: oneOf('400', '429', '500', '502', '503'),
    },
    (sim, { status, ...params }) => {
      const fault = { ...defined(params), ...(status && { status: Number(status) }) };
      return sim.faults.add(fault as NewFault);
    },
  ),
  command('DELETE', '/_sim/faults', {}, (sim) => {
    sim.faults.clear();
    return { deleted: true };
  }),
  command('DELETE', '/_sim/faults/:id', {}, (sim, _params, { id = '' }) => {
    if (!sim.faults.delete(id)) throw new StripeSimError(404, `No such fault: '${id}'`);
    return { deleted: true };
  }),
  command(
    'GET',
    '/_sim/deliveries',
    { event: text(), type: text(), status: oneOf('pending', 'delivered', 'failed', 'dropped') },
    (sim, params) => ({
      data: sim.webhooks
        .deliveries()
        .filter((item) => params.event === undefined || item.event === params.event)
        .filter((item) => params.type === undefined || item.type === params.type)
        .filter((item) => params.status === undefined || item.status === params.status),
    }),
  ),
  command('POST', '/_sim/events/:id/resend', {}, (sim, _params, { id = '' }) => {
    const event = sim.tables.event.get(id);
    if (!event) throw new StripeSimError(404, `No such event: '${id}'`);
    return { data: sim.webhooks.resend(event) };
  }),
  command(
    'POST',
    '/_sim/accounts/:id',
    { charges_enabled: boolean, payouts_enabled: boolean, details_submitted: boolean },
    (sim, params, { id = '' }) => {
      accountFor(sim, id);
      return changeAccount(scopeOf(sim, platformAccount), id, defined(params));
    },
  ),
  command('POST', '/_sim/disputes', { charge: required(text()), reason: text() }, (sim, params) =>
    openDispute(scopeOfObject(sim, sim.tables.charge, 'charge', params.charge), params.charge, params.reason),
  ),
  command(
    'POST',
    '/_sim/disputes/:id/close',
    { status: required(oneOf('won', 'lost')) },
    (sim, params, { id = '' }) =>
      closeDispute(scopeOfObject(sim, sim.tables.dispute, 'dispute', id), id, params.status),
  ),
  command(
    'POST',
    '/_sim/subscriptions/:id/fail_renewals',
    { times: integer({ max: 100 }) },
    (sim, params, { id = '' }) => {
      const scope = scopeOfObject(sim, sim.tables.subscription, 'subscription', id);
      keepBook(scope, { ...bookOf(scope, id), failCharges: params.times ?? 1 });
      return bookOf(scope, id);
    },
  ),
  command(
    'POST',
    '/_sim/checkout/sessions/:id/settle',
    { outcome: required(oneOf('succeeded', 'failed')) },
    (sim, params, { id = '' }) => {
      const scope = scopeOfObject(sim, sim.tables.session, 'checkout.session', id);
      const session = owned(scope, sim.tables.session, 'checkout.session', id);
      return settleSession(scope, session, params.outcome === 'succeeded');
    },
  ),
];

function toForm(value: unknown, path: string): FormValue {
  if (value === null) return '';
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, toForm(item, `${path}.${key}`)]),
    );
  }
  return String(value);
}

function readJson(body: string): FormMap {
  if (body === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw invalidRequest('The body is not JSON.');
  }
  const form = toForm(value, '');
  if (typeof form === 'string') throw invalidRequest('The body is not an object.');
  return form;
}

/** Answers /_sim/…: what Stripe does not have and tests need. */
export function answerControl(
  sim: Simulation,
  request: { method: string; path: string; query: string; contentType: string; body: string },
): Answer {
  try {
    // Only JSON, so that a form on some web page cannot reach it.
    if (
      request.method !== 'GET' &&
      request.body !== '' &&
      !request.contentType.startsWith('application/json')
    ) {
      throw new StripeSimError(415, 'The content type must be application/json.');
    }
    for (const { method, path, shape, run } of commands) {
      const ids = method === request.method ? matchPath(path, request.path) : undefined;
      if (!ids) continue;
      const form =
        method === 'GET' ? Object.fromEntries(new URLSearchParams(request.query)) : readJson(request.body);
      const params = parseParams(shape, form);
      return json(
        200,
        sim.store.transaction(() => run(sim, params, ids)),
      );
    }
    throw unknownUrl(request.method, request.path);
  } catch (error) {
    if (!(error instanceof StripeSimError)) throw error;
    return json(error.status, { error: { message: error.message, param: error.detail.param } });
  }
}
