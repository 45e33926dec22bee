import { sql } from 'kysely';
import type { SessionRow, Tx, UserRow } from '../database.ts';

/** Keeps the first secret that any process made, and returns it. */
export async function ensureAuthSecret(tx: Tx, row: { id: string; sealed: Uint8Array }): Promise<Uint8Array> {
  await tx
    .insertInto('auth_secrets')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const kept = await tx
    .selectFrom('auth_secrets')
    .select('sealed')
    .where('id', '=', row.id)
    .executeTakeFirstOrThrow();
  return kept.sealed;
}

/** The session with that token (or id) and its user, unless it has expired. */
export const findSession = (
  tx: Tx,
  session: { token: string } | { id: string },
  now: Date,
): Promise<(SessionRow & Pick<UserRow, 'email' | 'email_verified'> & { user_name: string }) | undefined> =>
  tx
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .selectAll('sessions')
    .select(['users.email', 'users.email_verified', 'users.name as user_name'])
    .where((eb) =>
      'token' in session ? eb('sessions.token', '=', session.token) : eb('sessions.id', '=', session.id),
    )
    .where('sessions.expires_at', '>', now)
    .executeTakeFirst();

export async function extendSession(tx: Tx, id: string, expiresAt: Date, now: Date): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ expires_at: expiresAt, updated_at: now })
    .where('id', '=', id)
    .execute();
}

export const listSessions = (tx: Tx, userId: string, now: Date): Promise<SessionRow[]> =>
  tx
    .selectFrom('sessions')
    .selectAll()
    .where('user_id', '=', userId)
    .where('expires_at', '>', now)
    .orderBy('updated_at', 'desc')
    .limit(100)
    .execute();

export const listPasskeys = (
  tx: Tx,
  userId: string,
): Promise<{ id: string; name: string | null; created_at: Date }[]> =>
  tx
    .selectFrom('passkeys')
    .select(['id', 'name', 'created_at'])
    .where('user_id', '=', userId)
    .orderBy('created_at')
    .execute();

/** A password reset proves the address: the link came by mail. */
export async function markVerified(tx: Tx, userId: string): Promise<void> {
  await tx
    .updateTable('users')
    .set((eb) => ({ email_verified: true, version: eb('version', '+', '1'), updated_at: new Date() }))
    .where('id', '=', userId)
    .where('email_verified', '=', false)
    .execute();
}

/** RFC 8628, 3.5: after slow_down, the interval is 5 seconds longer, also for all later polls. */
export async function slowDown(tx: Tx, deviceCode: string): Promise<void> {
  await tx
    .updateTable('device_codes')
    .set((eb) => ({ polling_interval: eb('polling_interval', '+', 5_000), last_polled_at: new Date() }))
    .where('device_code', '=', deviceCode)
    .execute();
}

/** Removes what is over. */
export async function deleteExpired(tx: Tx): Promise<void> {
  const over = sql<boolean>`expires_at < now()`;
  for (const table of ['sessions', 'verifications', 'device_codes', 'invitations'] as const) {
    await tx.deleteFrom(table).where(over).execute();
  }
  await tx
    .deleteFrom('rate_limits')
    .where(sql<boolean>`window_ends_at < now()`)
    .execute();
}

/** The public half of a key that JWTs are signed with, as a JWK. */
export async function findJwtKey(tx: Tx, id: string): Promise<string | undefined> {
  const row = await tx.selectFrom('jwt_keys').select('public_key').where('id', '=', id).executeTakeFirst();
  return row?.public_key;
}
