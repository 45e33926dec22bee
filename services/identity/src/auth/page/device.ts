import { html } from './html.ts';
import { field, hidden, pageResponse, type Page, type Problem } from './layout.ts';
import { goTo, refused, type Visit } from './visit.ts';

const names: Record<string, string> = { 'cnap-cli': 'The CNAP command line' };

/** Codes are typed with and without the dash, in any case. */
const plain = (code: string): string =>
  code
    .replace(/[^a-z0-9]/gi, '')
    .toUpperCase()
    .slice(0, 16);
const shown = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`;

const askForCode = (problems: Problem[] = [], value = ''): Page => ({
  title: 'Connect a device',
  problems,
  content: html`<p class="quiet">Enter the code that your terminal shows.</p>
    <form method="get" action="/device">
      ${field({ id: 'user_code', label: 'Code', value, hint: 'For example ABCD-EFGH', autocomplete: 'off', maxLength: 20 }, problems)}
      <button>Go on</button>
    </form>`,
});

const done = (title: string, text: string): Response =>
  pageResponse({
    title,
    content: html`<p>${text}</p>
      <p><a href="/account">Your account</a></p>`,
  });

export const device = {
  async get(visit: Visit): Promise<Response> {
    const code = plain(visit.query.get('user_code') ?? '');
    const session = await visit.session();
    if (!session) {
      const here = code === '' ? '/device' : `/device?user_code=${shown(code)}`;
      return goTo(`/sign-in?${new URLSearchParams({ next: here })}`);
    }
    if (code === '') return pageResponse(askForCode());
    const answer = await visit.call(`/device?${new URLSearchParams({ user_code: code })}`);
    const known = answer.ok
      ? ((await answer.clone().json()) as { status: string; client_id?: string })
      : undefined;
    if (answer.status === 429) return refused(answer, (problems) => askForCode(problems));
    if (known?.status !== 'pending' || known.client_id === undefined) {
      const problem = { field: 'user_code', message: 'This code is unknown, used or older than 15 minutes.' };
      return pageResponse({ ...askForCode([problem], shown(code)), status: 404 });
    }
    return pageResponse({
      title: 'Connect a device',
      content: html`<p>
          <strong>${names[known.client_id] ?? known.client_id}</strong> asks to act as
          <strong>${session.user.email}</strong>, with everything that you may do.
        </p>
        <p>Does it show this code?</p>
        <output class="code">${shown(code)}</output>
        <p class="quiet small">
          Approve it only if you have started it yourself, just now. Nobody from support ever sends you a
          code.
        </p>
        <form method="post" action="/device" class="choice">
          ${hidden('user_code', code)}
          <button name="decision" value="deny" class="second">Deny</button>
          <button name="decision" value="approve">Approve</button>
        </form>`,
    });
  },

  async post(visit: Visit): Promise<Response> {
    const code = plain(visit.form.get('user_code') ?? '');
    if (!(await visit.session())) {
      return goTo(`/sign-in?${new URLSearchParams({ next: `/device?user_code=${shown(code)}` })}`);
    }
    const approved = visit.form.get('decision') === 'approve';
    const answer = await visit.call(approved ? '/device/approve' : '/device/deny', { userCode: code });
    if (!answer.ok) return refused(answer, (problems) => askForCode(problems, shown(code)));
    return approved
      ? done('The device is connected', 'You can close this page and go back to your terminal.')
      : done('The device is refused', 'It has got no access. You can close this page.');
  },
};
