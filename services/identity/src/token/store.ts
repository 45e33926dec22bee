import { beyond, type PageQuery } from '@cnap/pages';
import type { AccessTokenRow, Tx, UserRow } from '../database.ts';

export const insertToken = (
  tx: Tx,
  row: Omit<AccessTokenRow, 'created_at' | 'last_used_at'>,
): Promise<AccessTokenRow> =>
  tx.insertInto('access_tokens').values(row).returningAll().executeTakeFirstOrThrow();

/** A user's tokens; with a credential that is restricted to a workspace, those of the same restriction only. */
export const listTokens = (
  tx: Tx,
  userId: string,
  restriction: string | undefined,
  { limit, after }: PageQuery,
): Promise<AccessTokenRow[]> =>
  tx
    .selectFrom('access_tokens')
    .selectAll()
    .where('user_id', '=', userId)
    .$if(restriction !== undefined, (query) => query.where('workspace_id', '=', restriction ?? ''))
    .where(beyond(after, 'newest first'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();

export const deleteToken = (
  tx: Tx,
  userId: string,
  restriction: string | undefined,
  id: string,
): Promise<AccessTokenRow | undefined> =>
  tx
    .deleteFrom('access_tokens')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .$if(restriction !== undefined, (query) => query.where('workspace_id', '=', restriction ?? ''))
    .returningAll()
    .executeTakeFirst();

/** The token with that hash and its user, unless it has expired. */
export const findTokenByHash = (
  tx: Tx,
  hash: Uint8Array,
  now: Date,
): Promise<
  (AccessTokenRow & Pick<UserRow, 'email' | 'email_verified'> & { user_name: string }) | undefined
> =>
  tx
    .selectFrom('access_tokens')
    .innerJoin('users', 'users.id', 'access_tokens.user_id')
    .selectAll('access_tokens')
    .select(['users.email', 'users.email_verified', 'users.name as user_name'])
    .where('secret_hash', '=', hash)
    .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .executeTakeFirst();

export async function recordUse(tx: Tx, id: string, now: Date): Promise<void> {
  await tx.updateTable('access_tokens').set({ last_used_at: now }).where('id', '=', id).execute();
}

/** The only workspace that a credential works in; undefined when it works in all of its user's. */
export async function restrictionOf(tx: Tx, credentialId: string): Promise<string | undefined> {
  const row = await tx
    .selectFrom('access_tokens')
    .select('workspace_id')
    .where('id', '=', credentialId)
    .executeTakeFirst();
  return row?.workspace_id ?? undefined;
}
