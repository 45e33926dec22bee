import type { CallAuth } from '../call.ts';
import { localPath } from './next.ts';
import { pageResponse, type Page, type Problem } from './layout.ts';

/** Who is signed in, as better-auth says it. */
export type Session = {
  session: { id: string; token: string };
  user: { id: string; email: string; name: string };
};

/** One request for a page. */
export type Visit = {
  method: string;
  /** Where the visitor comes from. */
  address: string;
  path: string;
  query: URLSearchParams;
  form: URLSearchParams;
  /** Where to go on to afterwards: a path of this site. */
  next: string;
  /** Calls better-auth in the visitor's name: with a body by POST, else by GET. */
  call(path: string, body?: Record<string, unknown>): Promise<Response>;
  session(): Promise<Session | undefined>;
};

const apiHeaders = ['cookie', 'user-agent', 'accept-language', 'x-cnap-client-address'];

export async function visitOf(
  request: Request,
  address: string,
  publicUrl: string,
  callAuth: CallAuth,
): Promise<Visit> {
  const url = new URL(request.url);
  const form = new URLSearchParams(request.method === 'POST' ? await request.text() : '');
  const call = (path: string, body?: Record<string, unknown>): Promise<Response> => {
    // The gateway has refused what other sites sent, so what comes from here comes from this origin.
    const headers = new Headers({ origin: new URL(publicUrl).origin });
    for (const name of apiHeaders) {
      const value = request.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    if (body) headers.set('content-type', 'application/json');
    const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
    return callAuth(new Request(new URL(`/api/auth${path}`, publicUrl), init), address);
  };
  return {
    method: request.method === 'HEAD' ? 'GET' : request.method,
    address,
    path: url.pathname.replace(/(?<=.)\/$/, ''),
    query: url.searchParams,
    form,
    next: localPath(form.get('next') ?? url.searchParams.get('next')),
    call,
    async session() {
      if (request.headers.get('cookie') === null) return undefined;
      const answer = (await (await call('/get-session')).json()) as Session | null;
      return answer?.session ? answer : undefined;
    },
  };
}

/** Goes on to a page of this site, with the cookies of what was just done. */
export function goTo(path: string, after?: Response): Response {
  const headers = new Headers({ location: path, 'cache-control': 'no-store' });
  for (const cookie of after?.headers.getSetCookie() ?? []) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

/** What a person is told of better-auth's refusals; anything else it says for itself. */
const messages: Record<string, Problem> = {
  INVALID_EMAIL_OR_PASSWORD: { message: 'The e-mail address or the password is wrong.' },
  INVALID_EMAIL: { field: 'email', message: 'Enter an e-mail address such as name@example.com.' },
  VALIDATION_ERROR: { field: 'email', message: 'Enter an e-mail address such as name@example.com.' },
  PASSWORD_TOO_SHORT: {
    field: 'password',
    message: 'The password is too short: use at least 10 characters.',
  },
  PASSWORD_TOO_LONG: { field: 'password', message: 'The password is too long: use at most 128 characters.' },
  INVALID_TOKEN: { message: 'This link is not valid any more. Ask for a new one.' },
  TOKEN_EXPIRED: { message: 'This link is not valid any more. Ask for a new one.' },
  EMAIL_NOT_VERIFIED: { message: 'Confirm your address first: we have just sent you a link.' },
};

/** The page again, with what was wrong; too many attempts say when to come back. */
export async function refused(answer: Response, page: (problems: Problem[]) => Page): Promise<Response> {
  const body = (await answer.json().catch(() => ({}))) as {
    code?: string;
    message?: string;
    error?: string | { message: string; suggestion: string };
    error_description?: string;
  };
  const ours = typeof body.error === 'object' ? `${body.error.message} ${body.error.suggestion}` : undefined;
  const problem = messages[body.code ?? ''] ?? {
    message: ours ?? body.error_description ?? body.message ?? 'That did not work. Try again.',
  };
  const retryAfter = answer.headers.get('retry-after');
  const status = answer.status >= 400 ? answer.status : 400;
  return pageResponse({
    ...page([problem]),
    status,
    ...(retryAfter === null ? {} : { headers: { 'retry-after': retryAfter } }),
  });
}
