import type { Provider } from '../providers.ts';
import { html, type Html } from './html.ts';
import { field, hidden, pageResponse, type Page, type Problem } from './layout.ts';
import { withNext } from './next.ts';
import { goTo, refused, type Visit } from './visit.ts';

/** What the sign-in page offers beside a password. */
export type Ways = { providers: readonly Provider[]; passkeys: boolean };

const form = (visit: Visit, ways: Ways, problems: Problem[] = []): Page => ({
  title: 'Sign in',
  problems,
  passkeys: ways.passkeys,
  content: html`<form method="post" action="/sign-in">
      ${hidden('next', visit.next)}
      ${field({ id: 'email', label: 'E-mail address', type: 'email', value: visit.form.get('email') ?? '', autocomplete: 'username' }, problems)}
      ${field({ id: 'password', label: 'Password', type: 'password', autocomplete: 'current-password' }, problems)}
      <button>Sign in</button>
    </form>
    <p class="links small">
      <a href="${withNext('/forgot-password', visit.next)}">Forgot your password?</a>
      <a href="${withNext('/sign-in/magic-link', visit.next)}">Get a link by e-mail</a>
    </p>
    ${otherWays(visit, ways)}
    <p class="links">New here? <a href="${withNext('/sign-up', visit.next)}">Create an account</a></p>`,
});

const otherWays = ({ next }: Visit, { providers, passkeys }: Ways): Html | undefined =>
  providers.length === 0 && !passkeys
    ? undefined
    : html`<div class="stack">
        ${providers.length > 0 && html`<div class="or">or</div>`}
        ${providers.map(
          ({ id, name }) =>
            html`<form method="post" action="/sign-in/provider">
              ${hidden('next', next)}${hidden('provider', id)}
              <button class="second">Go on with ${name}</button>
            </form>`,
        )}
        ${
          passkeys &&
          html`<div data-passkey="sign-in" data-next="${next}" hidden>
            <button type="button" class="second">Use a passkey</button>
            <p class="wrong" role="status"></p>
          </div>`
        }
      </div>`;

export const signIn = (ways: Ways) => ({
  async get(visit: Visit): Promise<Response> {
    if (await visit.session()) return goTo(visit.next);
    const failed = visit.query.has('error');
    return pageResponse(
      form(visit, ways, failed ? [{ message: 'The sign-in did not work. Try again, or another way.' }] : []),
    );
  },

  async post(visit: Visit): Promise<Response> {
    const [email = '', password = ''] = [visit.form.get('email')?.trim(), visit.form.get('password') ?? ''];
    const answer = await visit.call('/sign-in/email', { email, password, callbackURL: visit.next });
    return answer.ok ? goTo(visit.next, answer) : refused(answer, (problems) => form(visit, ways, problems));
  },

  /** To a provider of OAuth. By a page of our own, because `form-action 'self'` also holds for where a form leads. */
  async provider(visit: Visit): Promise<Response> {
    const answer = await visit.call('/sign-in/social', {
      provider: visit.form.get('provider') ?? '',
      callbackURL: visit.next,
      errorCallbackURL: '/sign-in',
      disableRedirect: true,
    });
    if (!answer.ok) return refused(answer, (problems) => form(visit, ways, problems));
    const { url } = (await answer.clone().json()) as { url: string };
    const response = pageResponse({
      title: 'One moment',
      refresh: url,
      content: html`<p>You are being sent on to sign in. <a href="${url}">Go on</a></p>`,
    });
    for (const cookie of answer.headers.getSetCookie()) response.headers.append('set-cookie', cookie);
    return response;
  },
});

const linkForm = (visit: Visit, problems: Problem[] = []): Page => ({
  title: 'Get a sign-in link',
  problems,
  content: html`<p class="quiet">We send a link to your address that signs you in, without a password.</p>
    <form method="post" action="/sign-in/magic-link">
      ${hidden('next', visit.next)}
      ${field({ id: 'email', label: 'E-mail address', type: 'email', value: visit.form.get('email') ?? '', autocomplete: 'username' }, problems)}
      <button>Send the link</button>
    </form>
    <p class="links small"><a href="${withNext('/sign-in', visit.next)}">Sign in another way</a></p>`,
});

/** A page that says: look into your mail. It says so whether the address is known or not. */
export const mailSent = (title: string, what: string): Response =>
  pageResponse({
    title,
    content: html`<p>${what}</p>
      <p class="quiet">Nothing there after a few minutes? Look among unwanted mail, or check the address.</p>
      <p class="links small"><a href="/sign-in">Back to sign-in</a></p>`,
  });

export const magicLink = {
  ask: async (visit: Visit): Promise<Response> => pageResponse(linkForm(visit)),

  async send(visit: Visit): Promise<Response> {
    const email = visit.form.get('email')?.trim() ?? '';
    const answer = await visit.call('/sign-in/magic-link', { email, callbackURL: visit.next });
    if (!answer.ok) return refused(answer, (problems) => linkForm(visit, problems));
    return mailSent(
      'Look into your mail',
      `We have sent a link to ${email}. It works once, within 15 minutes.`,
    );
  },

  /** A button, because programs that look at mail open links. */
  get: async (visit: Visit): Promise<Response> => pageResponse(confirmation(visit)),

  async post(visit: Visit): Promise<Response> {
    const token = visit.form.get('token') ?? '';
    const answer = await visit.call(`/magic-link/verify?${new URLSearchParams({ token })}`);
    if (answer.ok) return goTo(visit.next, answer);
    if (answer.status === 429) return refused(answer, (problems) => ({ ...linkForm(visit, problems) }));
    return pageResponse({
      ...linkForm(visit, [{ message: 'This link was used before, or is too old. Get a new one.' }]),
      status: 400,
    });
  },
};

const confirmation = (visit: Visit): Page => ({
  title: 'Sign in',
  content: html`<p>You are about to sign in with the link from your mail.</p>
    <form method="post" action="/magic-link">
      ${hidden('token', visit.query.get('token') ?? '')}${hidden('next', visit.next)}
      <button>Sign in</button>
    </form>`,
});
