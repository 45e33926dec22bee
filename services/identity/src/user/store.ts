import type { Tx, UserRow } from '../database.ts';

export const findUser = (tx: Tx, id: string): Promise<UserRow | undefined> =>
  tx.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();

export const renameUser = (tx: Tx, id: string, name: string): Promise<UserRow | undefined> =>
  tx
    .updateTable('users')
    .set((eb) => ({ name, version: eb('version', '+', '1'), updated_at: new Date() }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();

/** Makes a user with a proved address, or returns the one that has it. */
export async function ensureUser(
  tx: Tx,
  user: { id: string; email: string; name: string },
): Promise<UserRow> {
  const made = await tx
    .insertInto('users')
    .values({ ...user, email_verified: true, image: null })
    .onConflict((conflict) => conflict.column('email').doNothing())
    .returningAll()
    .executeTakeFirst();
  return made ?? tx.selectFrom('users').selectAll().where('email', '=', user.email).executeTakeFirstOrThrow();
}
