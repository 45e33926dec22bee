import type { Role } from '@cnap/auth';
import { beyond, type PageQuery } from '@cnap/pages';
import type { Tx, UserRow, WorkspaceRow } from '../database.ts';

/** A workspace with the role that one user has in it. */
export type WorkspaceOfUser = WorkspaceRow & { role: Role };

const ofUser = (tx: Tx, userId: string) =>
  tx
    .selectFrom('workspaces')
    .innerJoin('members', 'members.workspace_id', 'workspaces.id')
    .selectAll('workspaces')
    .select('members.role')
    .where('members.user_id', '=', userId);

export const findWorkspace = (tx: Tx, id: string, userId: string): Promise<WorkspaceOfUser | undefined> =>
  ofUser(tx, userId).where('workspaces.id', '=', id).executeTakeFirst();

export const listWorkspaces = (
  tx: Tx,
  userId: string,
  only: string | undefined,
  { limit, after }: PageQuery,
): Promise<WorkspaceOfUser[]> =>
  ofUser(tx, userId)
    .$if(only !== undefined, (query) => query.where('workspaces.id', '=', only ?? ''))
    .where(beyond(after, 'newest first', { time: 'workspaces.created_at', id: 'workspaces.id' }))
    .orderBy('workspaces.created_at', 'desc')
    .orderBy('workspaces.id', 'desc')
    .limit(limit + 1)
    .execute();

export async function firstWorkspaceOf(tx: Tx, userId: string): Promise<string | undefined> {
  const row = await tx
    .selectFrom('members')
    .select('workspace_id')
    .where('user_id', '=', userId)
    .orderBy('created_at')
    .orderBy('workspace_id')
    .executeTakeFirst();
  return row?.workspace_id;
}

/** All workspaces of a user: those that what opens them all concerns. */
export async function workspaceIdsOf(tx: Tx, userId: string): Promise<string[]> {
  const rows = await tx
    .selectFrom('members')
    .select('workspace_id')
    .where('user_id', '=', userId)
    .orderBy('workspace_id')
    .execute();
  return rows.map((row) => row.workspace_id);
}

export const insertWorkspace = (
  tx: Tx,
  row: { id: string; name: string; icon: string },
): Promise<WorkspaceRow> => tx.insertInto('workspaces').values(row).returningAll().executeTakeFirstOrThrow();

/** Changes a workspace; undefined when there is none, or none at that version. */
export const updateWorkspace = (
  tx: Tx,
  id: string,
  change: { name?: string; icon?: string },
  etag: string,
): Promise<WorkspaceRow | undefined> =>
  tx
    .updateTable('workspaces')
    .set((eb) => ({ ...change, version: eb('version', '+', '1'), updated_at: new Date() }))
    .where('id', '=', id)
    // As text: an etag may be anything that a caller sends.
    .$if(etag !== '', (query) => query.where((eb) => eb(eb.cast<string>('version', 'text'), '=', etag)))
    .returningAll()
    .executeTakeFirst();

export const deleteWorkspace = (tx: Tx, id: string): Promise<WorkspaceRow | undefined> =>
  tx.deleteFrom('workspaces').where('id', '=', id).returningAll().executeTakeFirst();

export const findOwner = (
  tx: Tx,
  workspaceId: string,
): Promise<(UserRow & { workspace_name: string }) | undefined> =>
  tx
    .selectFrom('members')
    .innerJoin('users', 'users.id', 'members.user_id')
    .innerJoin('workspaces', 'workspaces.id', 'members.workspace_id')
    .selectAll('users')
    .select('workspaces.name as workspace_name')
    .where('members.workspace_id', '=', workspaceId)
    .where('members.role', '=', 'owner')
    .executeTakeFirst();
