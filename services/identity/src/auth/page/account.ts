import type { Database, SessionRow } from '../../database.ts';
import { listPasskeys, listSessions } from '../store.ts';
import { html } from './html.ts';
import { hidden, pageResponse } from './layout.ts';
import { goTo, type Session, type Visit } from './visit.ts';

const signInFirst = (next: string): Response => goTo(`/sign-in?${new URLSearchParams({ next })}`);
const dateOf = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** What a User-Agent says in words; the whole of it says little to people. */
function programOf(userAgent: string | null): string {
  const agent = userAgent ?? '';
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent.replace(/Chrome(?=.*(Edg|OPR)\/)/, ''))?.[1];
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1];
  const name = { Edg: 'Edge', OPR: 'Opera' }[browser ?? ''] ?? browser;
  if (name) return system ? `${name} on ${system.replace(' OS X', '')}` : name;
  return agent.split(/[\s/]/, 1)[0] || 'Unknown program';
}

const sessionLine = (row: SessionRow, own: boolean) =>
  html`<li>
    <div>
      <strong>${programOf(row.user_agent)}</strong>${own && html`<span class="tag">this one</span>`}
      <br /><span class="quiet small"
        >${row.ip_address || 'unknown address'} · since ${dateOf(row.created_at)}</span
      >
    </div>
    <form method="post" action="/account/sessions">
      ${hidden('id', row.id)}
      <button
        class="second short"
        aria-label="End the session of ${programOf(row.user_agent)}${own ? ', this one' : ''}"
      >
        End
      </button>
    </form>
  </li>`;

export function account(db: Database, passkeysOffered: boolean, now: () => Date) {
  const show = async ({ session, user }: Session): Promise<Response> => {
    const [sessions, passkeys] = await db.acrossWorkspaces(async (tx) => [
      await listSessions(tx, user.id, now()),
      await listPasskeys(tx, user.id),
    ]);
    return pageResponse({
      title: 'Your account',
      wide: true,
      passkeys: passkeysOffered,
      content: html`<div class="head">
          <p>Signed in as <strong>${user.name}</strong> <span class="quiet">${user.email}</span></p>
          <form method="post" action="/sign-out"><button class="second short">Sign out</button></form>
        </div>
        <h2>Sessions</h2>
        <ul class="rows">
          ${sessions.map((row) => sessionLine(row, row.id === session.id))}
        </ul>
        ${
          sessions.length > 1 &&
          html`<form method="post" action="/account/sessions">
            ${hidden('id', 'others')} <button class="second short">End all others</button>
          </form>`
        }
        ${
          passkeysOffered &&
          html`<h2>Passkeys</h2>
            ${passkeys.length === 0 && html`<p class="quiet">None yet. With a passkey you sign in by fingerprint, face or PIN.</p>`}
            <ul class="rows">
              ${passkeys.map(
                ({ id, name, created_at: made }) =>
                  html`<li>
                    <div>
                      <strong>${name || 'Passkey'}</strong> <br /><span class="quiet small"
                        >since ${dateOf(made)}</span
                      >
                    </div>
                    <form method="post" action="/account/passkeys">
                      ${hidden('id', id)}<button
                        class="second short"
                        aria-label="Remove ${name || 'the passkey'}"
                      >
                        Remove
                      </button>
                    </form>
                  </li>`,
              )}
            </ul>
            <div data-passkey="add" data-next="/account" hidden>
              <button type="button" class="second short">Add a passkey</button>
              <p class="wrong" role="status"></p>
            </div>`
        }`,
    });
  };

  return {
    async get(visit: Visit): Promise<Response> {
      const session = await visit.session();
      return session ? show(session) : signInFirst('/account');
    },

    async endSession(visit: Visit): Promise<Response> {
      const current = await visit.session();
      if (!current) return signInFirst('/account');
      const id = visit.form.get('id') ?? '';
      const rows = await db.acrossWorkspaces((tx) => listSessions(tx, current.user.id, now()));
      const ended = rows.filter((row) => (id === 'others' ? row.id !== current.session.id : row.id === id));
      if (ended.some((row) => row.id === current.session.id))
        return goTo('/sign-in', await visit.call('/sign-out', {}));
      for (const { token } of ended) await visit.call('/revoke-session', { token });
      return goTo('/account');
    },

    async removePasskey(visit: Visit): Promise<Response> {
      if (!(await visit.session())) return signInFirst('/account');
      await visit.call('/passkey/delete-passkey', { id: visit.form.get('id') ?? '' });
      return goTo('/account');
    },

    async askToSignOut(visit: Visit): Promise<Response> {
      if (!(await visit.session())) return goTo('/sign-in');
      return pageResponse({
        title: 'Sign out',
        content: html`<form method="post" action="/sign-out"><button>Sign out</button></form>`,
      });
    },

    signOut: async (visit: Visit): Promise<Response> => goTo('/sign-in', await visit.call('/sign-out', {})),
  };
}
