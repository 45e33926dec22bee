import { DomainError } from '@cnap/errors';
import type { Database } from '../database.ts';
import { callSucceeded, limitCall } from './limits.ts';
import type { SignInDeps } from './port.ts';
import { codeHasher } from './secret.ts';
import { slowDown } from './store.ts';

const prefix = '/api/auth';
const providersRereadMs = 60_000;

/** A call to better-auth with its limits; an exceeded one is an answer too, with 429 and Retry-After. */
export type CallAuth = (request: Request, address: string) => Promise<Response>;

type Auth = {
  handler: (request: Request) => Promise<Response>;
  $context: Promise<{ socialProviders: unknown[] }>;
};

/** Imports better-auth at the first call: it takes 60 MB, which a platform that nobody signs in to need not have. */
function lazyAuth(deps: SignInDeps, wanted: number): () => Promise<Auth> {
  let loaded: { auth: Promise<Auth>; until: number } | undefined;
  const load = async (): Promise<Auth> => {
    const { createAuth } = await import('./better-auth.ts');
    const auth = createAuth(deps) as unknown as Auth;
    const { socialProviders } = await auth.$context;
    // A provider whose discovery document could not be had is left out: it is asked again in a minute.
    if (socialProviders.length < wanted && loaded) loaded.until = Date.now() + providersRereadMs;
    return auth;
  };
  return () => {
    if (!loaded || Date.now() > loaded.until) {
      const started = { auth: load(), until: Number.POSITIVE_INFINITY };
      loaded = started;
      started.auth.catch(() => {
        if (loaded === started) loaded = undefined;
      });
    }
    return loaded.auth;
  };
}

export function openAuth(deps: SignInDeps, providers: number): CallAuth {
  const authOf = lazyAuth(deps, providers);
  const hash = codeHasher(deps.secret);
  return async (request, address) => {
    const call = {
      path: new URL(request.url).pathname.slice(prefix.length).replace(/\/+$/, ''),
      body: await bodyOf(request.clone()),
      address,
    };
    try {
      await limitCall(deps.db, call);
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'resource-exhausted')
        return tooMany(error, call.path);
      throw error;
    }
    if (!deps.mail && needsMail.has(call.path)) return noMail();
    const auth = await authOf();
    const response = await auth.handler(request);
    if (response.ok) await callSucceeded(deps.db, call);
    else if (call.path === '/device/token') await noteImpatience(deps.db, response, hash, call.body);
    return response;
  };
}

async function bodyOf(request: Request): Promise<Record<string, unknown>> {
  const text = await request.text();
  if (text === '') return {};
  if (request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded') === true) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

async function noteImpatience(
  db: Database,
  response: Response,
  hash: (code: string) => string,
  { device_code: code }: Record<string, unknown>,
): Promise<void> {
  const answer = (await response.clone().json()) as { error?: unknown };
  if (answer.error === 'slow_down' && typeof code === 'string') {
    await db.acrossWorkspaces((tx) => slowDown(tx, hash(code)));
  }
}

const needsMail = new Set([
  '/sign-up/email',
  '/sign-in/magic-link',
  '/request-password-reset',
  '/send-verification-email',
]);

const noMail = (): Response => {
  const suggestion = 'Ask its operator for an account.';
  const details = { reason: 'MAIL_UNAVAILABLE' };
  const error = { code: 'unavailable', message: 'This platform sends no e-mail.', suggestion, details };
  return Response.json({ error }, { status: 503 });
};

/** Clients of the device flow read the errors of RFC 8628, everybody else ours. */
function tooMany(error: DomainError, path: string): Response {
  const { reason, message, suggestion = '', metadata } = error;
  const body =
    path === '/device/token'
      ? { error: 'slow_down', error_description: `${message} ${suggestion}` }
      : { error: { code: 'resource_exhausted', message, suggestion, details: { reason, metadata } } };
  return Response.json(body, {
    status: 429,
    headers: { 'retry-after': metadata['retryAfterSeconds'] ?? '60' },
  });
}
