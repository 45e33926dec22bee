import type { Role } from '@cnap/auth';
import { beyond, type PageQuery } from '@cnap/pages';
import type { MemberRow, Tx } from '../database.ts';

/** A member with the user's address and name. */
export type NamedMember = MemberRow & { email: string; name: string };

export const insertMember = (
  tx: Tx,
  row: { workspace_id: string; user_id: string; role: Role },
): Promise<MemberRow> => tx.insertInto('members').values(row).returningAll().executeTakeFirstOrThrow();

const named = (tx: Tx, workspaceId: string) =>
  tx
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .selectAll('members')
    .select(['users.email', 'users.name'])
    .where('members.workspace_id', '=', workspaceId);

export const findMember = (tx: Tx, workspaceId: string, userId: string): Promise<NamedMember | undefined> =>
  named(tx, workspaceId).where('members.user_id', '=', userId).executeTakeFirst();

/** A member whose role stays what it is until the transaction ends. */
export const lockMember = (tx: Tx, workspaceId: string, userId: string): Promise<NamedMember | undefined> =>
  named(tx, workspaceId).where('members.user_id', '=', userId).forUpdate('members').executeTakeFirst();

export const listMembers = (
  tx: Tx,
  workspaceId: string,
  { limit, after }: PageQuery,
): Promise<NamedMember[]> =>
  named(tx, workspaceId)
    .where(beyond(after, 'oldest first', { time: 'members.created_at', id: 'members.user_id' }))
    .orderBy('members.created_at')
    .orderBy('members.user_id')
    .limit(limit + 1)
    .execute();

/** Changes a role. The caller holds the member's lock and keeps the number of owners at one. */
export const changeRole = (
  tx: Tx,
  workspaceId: string,
  userId: string,
  role: Role,
): Promise<MemberRow | undefined> =>
  tx
    .updateTable('members')
    .set((eb) => ({ role, version: eb('version', '+', '1') }))
    .where('workspace_id', '=', workspaceId)
    .where('user_id', '=', userId)
    .returningAll()
    .executeTakeFirst();

export const deleteMember = (tx: Tx, workspaceId: string, userId: string): Promise<MemberRow | undefined> =>
  tx
    .deleteFrom('members')
    .where('workspace_id', '=', workspaceId)
    .where('user_id', '=', userId)
    .returningAll()
    .executeTakeFirst();
