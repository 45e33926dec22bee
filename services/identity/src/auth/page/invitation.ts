import { DomainError } from '@cnap/errors';
import type { Database } from '../../database.ts';
import { acceptInvitation } from '../../invitation/accept.ts';
import { lockInvitation } from '../../invitation/store.ts';
import { asUser } from '../as-user.ts';
import { html } from './html.ts';
import { pageResponse } from './layout.ts';
import { goTo, type Visit } from './visit.ts';

/** The page that an invitation's mail leads to; its secret is the end of the path. */
export const invitationPath = '/invitations/';

const secretOf = ({ path }: Visit): string => path.slice(invitationPath.length);

const over = (message: string, status: number): Response =>
  pageResponse({
    title: 'This invitation cannot be used',
    status,
    content: html`<p>${message}</p>
      <p><a href="/account">Your account</a></p>`,
  });

/** Shows who invites to what, and makes the visitor a member. */
export const invitation = (db: Database, takeTry: (visit: Visit) => Promise<void>, now: () => Date) => ({
  async get(visit: Visit): Promise<Response> {
    await takeTry(visit);
    const found = await db.acrossWorkspaces((tx) => lockInvitation(tx, secretOf(visit), now()));
    if (!found) return over('It was used, taken back, or is older than 7 days. Ask for a new one.', 404);
    const session = await visit.session();
    const next = new URLSearchParams({ next: visit.path });
    const isInvited = session?.user.email.toLowerCase() === found.email;
    const choice = isInvited
      ? html`<form method="post" action="${visit.path}"><button>Accept the invitation</button></form>`
      : session
        ? html`<p>
            You are signed in as <strong>${session.user.email}</strong>. The invitation is for
            <strong>${found.email}</strong>: <a href="/sign-out">sign out</a>, and open the link again.
          </p>`
        : html`<p>
            Sign in as <strong>${found.email}</strong> to accept it.
            <a href="/sign-in?${String(next)}">Sign in</a> or
            <a href="/sign-up?${String(next)}">create an account</a>.
          </p>`;
    return pageResponse({
      title: `Join ${found.workspace_name}`,
      content: html`<p>
          <strong>${found.inviter_name}</strong> invites you to the workspace
          <strong>${found.workspace_name}</strong> as ${found.role}.
        </p>
        ${choice}`,
    });
  },

  async post(visit: Visit): Promise<Response> {
    await takeTry(visit);
    const session = await visit.session();
    if (!session) return goTo(`/sign-in?${new URLSearchParams({ next: visit.path })}`);
    try {
      const user = { userId: session.user.id, credentialId: session.session.id };
      const accepted = await asUser(user, () =>
        db.acrossWorkspaces((tx) => acceptInvitation(tx, secretOf(visit), user.userId, now())),
      );
      return pageResponse({
        title: `Welcome to ${accepted.workspace_name}`,
        content: html`<p>You are a member now, as ${accepted.role}.</p>
          <p><a href="/account">Your account</a></p>`,
      });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return over(
        `${error.message} ${error.suggestion ?? ''}`.trim(),
        error.kind === 'not-found' ? 404 : 403,
      );
    }
  },
});
