import { publish } from '@cnap/events';
import { createAuthMiddleware } from 'better-auth/api';
import type { Database } from '../database.ts';
import { workspaceIdsOf } from '../workspace/store.ts';
import { asUser } from './as-user.ts';
import { passkeyAdded, passkeyRemoved, passwordChanged } from './event.ts';

type Fact = (workspaceIds: string[]) => ReturnType<typeof passwordChanged>;

/** Publishes a fact of a user's own ways to sign in, which lead to all workspaces of the user. */
export const publishOfUser = (
  db: Database,
  user: { userId: string; credentialId: string | undefined },
  fact: Fact,
): Promise<void> =>
  asUser(user, () =>
    db.acrossWorkspaces(async (tx) => publish(tx, fact(await workspaceIdsOf(tx, user.userId)))),
  );

/** After the calls that change a password or passkeys, of which better-auth's hooks of tables do not tell. */
export const afterWaysIn = (db: Database) =>
  createAuthMiddleware(async ({ path, body, context: { returned, session } }) => {
    const userId = session?.user.id;
    if (userId === undefined || returned instanceof Error) return;
    const passkey = { id: textOf(path === '/passkey/delete-passkey' ? body : returned, 'id'), userId };
    const facts: Record<string, Fact> = {
      '/change-password': (ids) => passwordChanged(userId, new Date(), ids),
      '/passkey/verify-registration': (ids) => passkeyAdded(passkey, ids),
      '/passkey/delete-passkey': (ids) => passkeyRemoved(passkey, ids),
    };
    const fact = facts[path];
    if (fact) await publishOfUser(db, { userId, credentialId: session?.session.id }, fact);
  });

function textOf(value: unknown, name: string): string {
  const found: unknown = Reflect.get(Object(value), name);
  return typeof found === 'string' ? found : '';
}
