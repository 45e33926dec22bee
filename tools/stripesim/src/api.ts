import type { IncomingHttpHeaders } from 'node:http';
import { errorBody, invalidRequest, KeptError, StripeSimError, unknownUrl } from './errors.ts';
import { expand } from './expand.ts';
import { FormError, parseForm } from './form.ts';
import type { FormMap } from './form.ts';
import type { Answer } from './http.ts';
import { json, matchPath } from './http.ts';
import type { Idempotency } from './idempotency.ts';
import { newId } from './ids.ts';
import { list, parseParams, text } from './params.ts';
import { accountFor } from './resources/account.ts';
import { routes } from './resources/index.ts';
import type { PathIds, Route } from './route.ts';
import { apiVersion, platformAccount } from './simulation.ts';
import type { Scope, Simulation } from './simulation.ts';

export interface ApiRequest {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  body: string;
}

const headerOf = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

function authenticate({ settings }: Simulation, headers: IncomingHttpHeaders): void {
  const authorization = headers.authorization ?? '';
  const basic = /^Basic (\S+)$/i.exec(authorization)?.[1];
  const key = basic
    ? (Buffer.from(basic, 'base64').toString().split(':')[0] ?? '')
    : (/^Bearer (\S+)$/i.exec(authorization)?.[1] ?? '');
  if (key === '') {
    throw new StripeSimError(
      401,
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. `Authorization: Bearer YOUR_SECRET_KEY`).',
    );
  }
  const known = settings.apiKeys.length > 0 ? settings.apiKeys.includes(key) : /^sk_test_\w+$/.test(key);
  if (!known) throw new StripeSimError(401, `Invalid API Key provided: ${key.slice(0, 8)}***`);
}

/** `Stripe-Context` may be a path of accounts; the last one is meant. */
function accountOf(sim: Simulation, headers: IncomingHttpHeaders): string {
  const account = headerOf(headers, 'stripe-account');
  const context = headerOf(headers, 'stripe-context')?.split('/').at(-1);
  if (account !== undefined && context !== undefined && account !== context) {
    throw invalidRequest('Stripe-Account and Stripe-Context name different accounts.');
  }
  const id = account ?? context ?? platformAccount;
  return accountFor(sim, id).id;
}

function findRoute(method: string, path: string): { route: Route; ids: PathIds } {
  for (const route of routes) {
    if (route.method !== method) continue;
    const ids = matchPath(route.path, path);
    if (ids) return { route, ids: { id: '', ...ids } };
  }
  throw unknownUrl(method, path);
}

function parametersOf({ method, query, body, headers }: ApiRequest): FormMap {
  try {
    if (method !== 'POST') {
      if (method === 'GET' && body !== '') throw invalidRequest('A GET request has no body.');
      return parseForm(body === '' ? query : `${query}&${body}`);
    }
    if (query !== '') throw invalidRequest('Parameters of a POST request belong into its body.');
    const type = headers['content-type']?.split(';')[0] ?? '';
    if (body !== '' && type !== 'application/x-www-form-urlencoded') {
      throw invalidRequest(
        `Invalid request: the content type must be application/x-www-form-urlencoded, not '${type}'.`,
      );
    }
    return parseForm(body);
  } catch (error) {
    if (error instanceof FormError) throw invalidRequest(error.message);
    throw error;
  }
}

/** Answers a request of Stripe's API. */
export function answerApi(sim: Simulation, idempotency: Idempotency, request: ApiRequest): Answer {
  const requestId = newId('req');
  const headers: Record<string, string> = { 'request-id': requestId, 'stripe-version': apiVersion };
  try {
    authenticate(sim, request.headers);
    const version = headerOf(request.headers, 'stripe-version');
    if (version !== undefined && version !== apiVersion) {
      throw invalidRequest(`Invalid Stripe API version: ${version}. stripesim speaks ${apiVersion} only.`);
    }
    const account = accountOf(sim, request.headers);
    if (account !== platformAccount) headers['stripe-account'] = account;
    const { route, ids } = findRoute(request.method, request.path);
    const key = request.method === 'POST' ? headerOf(request.headers, 'idempotency-key') : undefined;
    const scope: Scope = { sim, account, requestId, idempotencyKey: key ?? null };
    if (key === undefined) return json(200, execute(scope, route, ids, parametersOf(request)), headers);
    headers['idempotency-key'] = key;
    return answerOnce(scope, key, { route, ids, request, idempotency, headers });
  } catch (error) {
    return errorAnswer(error, requestId, headers);
  }
}

function execute(scope: Scope, route: Route, ids: PathIds, form: FormMap): object {
  const { expand: wanted = [], ...params } = parseParams({ ...route.params, expand: list(text()) }, form);
  const outcome = scope.sim.store.transaction(() => {
    try {
      return expand(scope, route.run(scope, params, ids), wanted as string[]);
    } catch (error) {
      if (error instanceof KeptError) return error;
      throw error;
    }
  });
  if (outcome instanceof KeptError) throw outcome;
  return outcome;
}

function answerOnce(
  scope: Scope,
  key: string,
  {
    route,
    ids,
    request,
    idempotency,
    headers,
  }: {
    route: Route;
    ids: PathIds;
    request: ApiRequest;
    idempotency: Idempotency;
    headers: Record<string, string>;
  },
): Answer {
  const { account } = scope;
  const requestId = headers['request-id'] ?? '';
  const fingerprint = idempotency.fingerprint(request.method, request.path, request.body);
  const kept = idempotency.find(account, key, fingerprint);
  if (kept) {
    return {
      status: kept.status,
      headers: {
        ...headers,
        'content-type': 'application/json',
        'idempotent-replayed': 'true',
        'original-request': kept.requestId,
      },
      body: kept.body,
    };
  }
  const form = parametersOf(request);
  return scope.sim.store.transaction(() => {
    const answer = attemptOnce(scope, route, ids, form, headers);
    if (answer.keep)
      idempotency.keep(account, key, { fingerprint, requestId, status: answer.status, body: answer.body });
    return answer;
  });
}

/** A refusal that names a parameter counts as validation, after which Stripe forgets the key. */
function attemptOnce(
  scope: Scope,
  route: Route,
  ids: PathIds,
  form: FormMap,
  headers: Record<string, string>,
): Answer & { keep: boolean } {
  try {
    return { ...json(200, execute(scope, route, ids, form), headers), keep: true };
  } catch (error) {
    const validation = error instanceof StripeSimError && error.detail.param !== undefined;
    const known = error instanceof StripeSimError;
    if (!known) throw error;
    return { ...errorAnswer(error, scope.requestId ?? '', headers), keep: !validation };
  }
}

function errorAnswer(error: unknown, requestId: string, headers: Record<string, string>): Answer {
  if (error instanceof StripeSimError) return json(error.status, errorBody(error, requestId), headers);
  console.error(`stripesim: ${requestId}`, error);
  const internal = new StripeSimError(500, 'stripesim has failed: see its log.', { type: 'api_error' });
  return json(500, errorBody(internal, requestId), headers);
}
