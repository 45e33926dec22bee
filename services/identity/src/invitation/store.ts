import { createHash, randomBytes } from 'node:crypto';
import { beyond, type PageQuery } from '@cnap/pages';
import type { InvitationRow, Tx } from '../database.ts';

/** What is in the mail's link: 256 bits, so that an unsalted hash, which can be looked up, is enough. */
export const newInvitationSecret = (): string => randomBytes(32).toString('base64url');
export const hashInvitationSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** Makes an invitation in place of an earlier one of the same address. */
export async function replaceInvitation(
  tx: Tx,
  row: Omit<InvitationRow, 'created_at'>,
): Promise<InvitationRow> {
  await tx
    .deleteFrom('invitations')
    .where('workspace_id', '=', row.workspace_id)
    .where('email', '=', row.email)
    .execute();
  return tx.insertInto('invitations').values(row).returningAll().executeTakeFirstOrThrow();
}

export const listInvitations = (
  tx: Tx,
  workspaceId: string,
  now: Date,
  { limit, after }: PageQuery,
): Promise<InvitationRow[]> =>
  tx
    .selectFrom('invitations')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('expires_at', '>', now)
    .where(beyond(after, 'newest first'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();

export const deleteInvitation = (
  tx: Tx,
  workspaceId: string,
  id: string,
): Promise<InvitationRow | undefined> =>
  tx
    .deleteFrom('invitations')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();

/** An invitation with the names that a person wants to see before accepting it. */
export type NamedInvitation = InvitationRow & { workspace_name: string; inviter_name: string };

/** The invitation with that secret, while it is good. Nobody else takes it until the transaction ends. */
export const lockInvitation = (tx: Tx, secret: string, now: Date): Promise<NamedInvitation | undefined> =>
  tx
    .selectFrom('invitations')
    .innerJoin('workspaces', 'workspaces.id', 'invitations.workspace_id')
    .innerJoin('users', 'users.id', 'invitations.invited_by')
    .selectAll('invitations')
    .select(['workspaces.name as workspace_name', 'users.name as inviter_name'])
    .where('invitations.secret_hash', '=', hashInvitationSecret(secret))
    .where('invitations.expires_at', '>', now)
    .forUpdate('invitations')
    .executeTakeFirst();

/** Whether somebody with that address is a member. */
export const isMemberByEmail = async (tx: Tx, workspaceId: string, email: string): Promise<boolean> =>
  (await tx
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .select('members.user_id')
    .where('members.workspace_id', '=', workspaceId)
    .where('users.email', '=', email)
    .executeTakeFirst()) !== undefined;
