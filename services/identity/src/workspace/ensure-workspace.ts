import type { Tx } from '../database.ts';
import { makeWorkspace } from './make-workspace.ts';
import { firstWorkspaceOf } from './store.ts';

/** A workspace of the user's, which is made when there is none; two at once make one. */
export async function ensureWorkspace(tx: Tx, userId: string, name: string): Promise<string> {
  await tx.selectFrom('users').select('id').where('id', '=', userId).forUpdate().execute();
  const known = await firstWorkspaceOf(tx, userId);
  return known ?? (await makeWorkspace(tx, { name, icon: '' }, userId)).id;
}
