import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallAuth } from '../call.ts';
import { addressSubject, takeFrom } from '../../rate-limit/limit.ts';
import type { SignInDeps } from '../port.ts';
import { account } from './account.ts';
import { device } from './device.ts';
import { html } from './html.ts';
import { invitation, invitationPath } from './invitation.ts';
import { pageHeaders, pageResponse } from './layout.ts';
import { magicLink, signIn, type Ways } from './sign-in.ts';
import { forgotPassword, resetPassword, signUp, verifyEmail } from './sign-up.ts';
import { visitOf, type Visit } from './visit.ts';

type Answer = (visit: Visit) => Promise<Response>;
type Answers = { get?: Answer; post?: Answer };

const files: Record<string, string> = {
  '/sign-in/style.css': 'text/css; charset=utf-8',
  '/sign-in/passkey.js': 'text/javascript; charset=utf-8',
  '/sign-in/icon.svg': 'image/svg+xml',
};

/** Answers the pages on which people sign in. */
export function signInPages({ db, config }: SignInDeps, callAuth: CallAuth, ways: Ways, now: () => Date) {
  const start = signIn(ways);
  const own = account(db, ways.passkeys, now);
  const invited = invitation(
    db,
    ({ address: from }) => takeFrom(db, 'invitation secret by address', addressSubject(from)),
    now,
  );
  const pages: Record<string, Answers> = {
    '/sign-in': start,
    '/sign-in/provider': { post: start.provider },
    '/sign-in/magic-link': { get: magicLink.ask, post: magicLink.send },
    '/magic-link': magicLink,
    '/sign-up': signUp,
    '/verify-email': verifyEmail,
    '/forgot-password': forgotPassword,
    '/reset-password': resetPassword,
    '/device': device,
    '/account': own,
    '/account/sessions': { post: own.endSession },
    '/account/passkeys': { post: own.removePasskey },
    '/sign-out': { get: own.askToSignOut, post: own.signOut },
  };

  return async (request: Request, address: string): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const type = files[pathname];
    if (type !== undefined) return fileResponse(pathname, type);
    const visit = await visitOf(request, address, config.CNAP_PUBLIC_URL, callAuth);
    const answers = visit.path.startsWith(invitationPath) ? invited : pages[visit.path];
    if (!answers) return notFound();
    const answer = visit.method === 'POST' ? answers.post : visit.method === 'GET' ? answers.get : undefined;
    if (answer) return answer(visit);
    const allow = Object.keys(answers).map((name) => name.toUpperCase());
    return new Response(null, { status: 405, headers: { ...pageHeaders, allow: allow.join(', ') } });
  };
}

async function fileResponse(path: string, type: string): Promise<Response> {
  const content = await readFile(join(import.meta.dirname, path.slice(path.lastIndexOf('/') + 1)));
  return new Response(content, {
    headers: { ...pageHeaders, 'content-type': type, 'cache-control': 'public, max-age=300' },
  });
}

const notFound = (): Response =>
  pageResponse({
    title: 'This page does not exist',
    status: 404,
    content: html`<p>Check the address, or go to <a href="/account">your account</a>.</p>`,
  });
