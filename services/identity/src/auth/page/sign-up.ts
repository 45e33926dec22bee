import { passwordLength } from '../port.ts';
import { html } from './html.ts';
import { field, hidden, pageResponse, type Page, type Problem } from './layout.ts';
import { withNext } from './next.ts';
import { mailSent } from './sign-in.ts';
import { goTo, refused, type Visit } from './visit.ts';

const passwordHint = `At least ${passwordLength.min} characters. Several words are easy to remember.`;

const newPassword = (label: string, problems: Problem[]) =>
  field(
    {
      id: 'password',
      label,
      type: 'password',
      hint: passwordHint,
      autocomplete: 'new-password',
      minLength: passwordLength.min,
      maxLength: passwordLength.max,
    },
    problems,
  );

const form = (visit: Visit, problems: Problem[] = []): Page => ({
  title: 'Create an account',
  problems,
  content: html`<form method="post" action="/sign-up">
      ${hidden('next', visit.next)}
      ${field({ id: 'name', label: 'Your name', value: visit.form.get('name') ?? '', autocomplete: 'name', maxLength: 100 }, problems)}
      ${field({ id: 'email', label: 'E-mail address', type: 'email', value: visit.form.get('email') ?? '', autocomplete: 'username' }, problems)}
      ${newPassword('Password', problems)}
      <button>Create the account</button>
    </form>
    <p class="links">Have one already? <a href="${withNext('/sign-in', visit.next)}">Sign in</a></p>`,
});

export const signUp = {
  get: async (visit: Visit): Promise<Response> =>
    (await visit.session()) ? goTo(visit.next) : pageResponse(form(visit)),

  async post(visit: Visit): Promise<Response> {
    const [name = '', email = ''] = [visit.form.get('name')?.trim(), visit.form.get('email')?.trim()];
    const password = visit.form.get('password') ?? '';
    if (name === '' || name.length > 100) {
      const problems = [{ field: 'name', message: 'Enter your name, of at most 100 characters.' }];
      return pageResponse({ ...form(visit, problems), status: 400 });
    }
    const answer = await visit.call('/sign-up/email', { name, email, password, callbackURL: visit.next });
    if (!answer.ok) return refused(answer, (problems) => form(visit, problems));
    return mailSent('Confirm your address', `We have sent a link to ${email}. Open it to go on.`);
  },
};

export const verifyEmail = {
  get: async (visit: Visit): Promise<Response> =>
    pageResponse({
      title: 'Confirm your address',
      content: html`<p>
          Did you create an account here with this address? If you did not, leave this page: nothing happens.
        </p>
        <form method="post" action="/verify-email">
          ${hidden('token', visit.query.get('token') ?? '')}${hidden('next', visit.next)}
          <button>Yes, confirm it</button>
        </form>`,
    }),

  async post(visit: Visit): Promise<Response> {
    const token = visit.form.get('token') ?? '';
    const answer = await visit.call(`/verify-email?${new URLSearchParams({ token })}`);
    if (answer.ok) return goTo(visit.next, answer);
    return refused(answer, (problems) => ({
      title: 'Confirm your address',
      problems,
      content: html`<p>Sign in with your password to get a new link.</p>
        <p><a href="/sign-in">Sign in</a></p>`,
    }));
  },
};

const forgotForm = (visit: Visit, problems: Problem[] = []): Page => ({
  title: 'Forgot your password?',
  problems,
  content: html`<p class="quiet">We send you a link with which you choose a new one.</p>
    <form method="post" action="/forgot-password">
      ${field({ id: 'email', label: 'E-mail address', type: 'email', value: visit.form.get('email') ?? '', autocomplete: 'username' }, problems)}
      <button>Send the link</button>
    </form>
    <p class="links small"><a href="/sign-in">Back to sign-in</a></p>`,
});

export const forgotPassword = {
  get: async (visit: Visit): Promise<Response> => pageResponse(forgotForm(visit)),

  async post(visit: Visit): Promise<Response> {
    const email = visit.form.get('email')?.trim() ?? '';
    const answer = await visit.call('/request-password-reset', { email });
    if (!answer.ok) return refused(answer, (problems) => forgotForm(visit, problems));
    return mailSent('Look into your mail', `If ${email} has an account here, a link is on its way to it.`);
  },
};

const resetForm = (token: string, problems: Problem[] = []): Page => ({
  title: 'Choose a new password',
  problems,
  content: html`<form method="post" action="/reset-password">
      ${hidden('token', token)} ${newPassword('New password', problems)}
      <button>Change the password</button>
    </form>
    <p class="hint">All sessions end: you sign in again everywhere.</p>`,
});

export const resetPassword = {
  get: async (visit: Visit): Promise<Response> => pageResponse(resetForm(visit.query.get('token') ?? '')),

  async post(visit: Visit): Promise<Response> {
    const [token = '', password = ''] = [visit.form.get('token') ?? '', visit.form.get('password') ?? ''];
    const answer = await visit.call('/reset-password', { token, newPassword: password });
    if (!answer.ok) return refused(answer, (problems) => resetForm(token, problems));
    return pageResponse({
      title: 'Your password is changed',
      content: html`<p>All sessions have ended.</p>
        <p><a href="/sign-in">Sign in with the new password</a></p>`,
    });
  },
};
