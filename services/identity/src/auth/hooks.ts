import { publish } from '@cnap/events';
import type { BetterAuthOptions } from 'better-auth/minimal';
import type { Database } from '../database.ts';
import { findUser } from '../user/store.ts';
import { ensureWorkspace } from '../workspace/ensure-workspace.ts';
import { sessionRevoked } from './event.ts';

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
      async after({ userId }) {
        await db.acrossWorkspaces(async (tx) => {
          const user = await findUser(tx, userId);
          if (user) await ensureWorkspace(tx, userId, user.name);
        });
      },
    },
    delete: {
      async after({ id, userId }) {
        await db.acrossWorkspaces((tx) => publish(tx, sessionRevoked(id, userId)));
      },
    },
  },
});
