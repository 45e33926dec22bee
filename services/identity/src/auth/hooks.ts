import { publish } from '@cnap/events';
import type { BetterAuthOptions } from 'better-auth/minimal';
import type { Database } from '../database.ts';
import { findUser } from '../user/store.ts';
import { ensureWorkspace } from '../workspace/ensure-workspace.ts';
import { workspaceIdsOf } from '../workspace/store.ts';
import { asUser } from './as-user.ts';
import { sessionCreated, sessionRevoked } from './event.ts';

const maxNameLength = 100;

/** What else happens when better-auth writes. */
export const databaseHooks = (db: Database): NonNullable<BetterAuthOptions['databaseHooks']> => ({
  user: {
    create: {
      // Who came by a magic link has said no name.
      async before(user) {
        const email = user.email.toLowerCase();
        const name = (user.name.trim() || (email.split('@')[0] ?? email)).slice(0, maxNameLength);
        const image = /^https:\/\/\S{1,1000}$/.test(user.image ?? '') ? user.image : null;
        return { data: { ...user, email, name, image } };
      },
    },
  },
  session: {
    create: {
      // Not with the user: who never proves the address gets no workspace.
      async after({ id, userId }) {
        await asUser({ userId, credentialId: id }, () =>
          db.acrossWorkspaces(async (tx) => {
            const user = await findUser(tx, userId);
            if (user) await ensureWorkspace(tx, userId, user.name);
            await publish(tx, sessionCreated({ id, userId }, await workspaceIdsOf(tx, userId)));
          }),
        );
      },
    },
    delete: {
      // Only its user ends a session: from another one, by signing out, or with a new password. Or it is over by itself.
      async after({ id, userId, expiresAt }, context) {
        const revoke = () =>
          db.acrossWorkspaces(async (tx) =>
            publish(tx, sessionRevoked({ id, userId }, await workspaceIdsOf(tx, userId))),
          );
        const credentialId = context?.path === '/sign-out' ? id : context?.context.session?.session.id;
        await (expiresAt <= new Date() ? revoke() : asUser({ userId, credentialId }, revoke));
      },
    },
  },
});
