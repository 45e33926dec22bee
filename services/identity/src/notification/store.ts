import type { Tx } from '../database.ts';

/**
 * Notes that people are told of a subject as it is at this version.
 * @returns what they were told last (empty: nothing); undefined: they know of something newer, or of this
 */
export async function noteNews(
  tx: Tx,
  subject: string,
  version: number,
  state: string,
): Promise<string | undefined> {
  await tx
    .insertInto('notices')
    .values({ subject, version: 0, state: '' })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const before = await tx
    .selectFrom('notices')
    .select(['version', 'state'])
    .where('subject', '=', subject)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (Number(before.version) >= version) return undefined;
  await tx.updateTable('notices').set({ version, state }).where('subject', '=', subject).execute();
  return before.state;
}

/** Who is written to; addresses that were never confirmed are not. */
export type Recipient = { userId: string; email: string };

const confirmedMembers = (tx: Tx, workspaceId: string) =>
  tx
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .select(['users.id as userId', 'users.email'])
    .where('members.workspace_id', '=', workspaceId)
    .where('users.email_verified', '=', true)
    .orderBy('users.id');

/** For who buys: the owner, who also pays, and the person who placed the order while they are a member. */
export const buyersOf = (tx: Tx, workspaceId: string, placedBy: string): Promise<Recipient[]> =>
  confirmedMembers(tx, workspaceId)
    .where((eb) => eb.or([eb('members.role', '=', 'owner'), eb('members.user_id', '=', placedBy)]))
    .execute();

/** For who sells: the owner and the admins, who can do something about it. */
export const sellersOf = (tx: Tx, workspaceId: string): Promise<Recipient[]> =>
  confirmedMembers(tx, workspaceId).where('members.role', 'in', ['owner', 'admin']).execute();
