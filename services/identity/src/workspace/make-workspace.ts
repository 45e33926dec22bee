import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import type { Tx } from '../database.ts';
import { memberAdded } from '../member/event.ts';
import { insertMember } from '../member/store.ts';
import { workspaceCreated } from './event.ts';
import { insertWorkspace, type WorkspaceOfUser } from './store.ts';

/** Makes a workspace with its owner, and their facts. */
export async function makeWorkspace(
  tx: Tx,
  workspace: { name: string; icon: string },
  ownerId: string,
): Promise<WorkspaceOfUser> {
  const row = await insertWorkspace(tx, { id: newId('ws'), ...workspace });
  const owner = await insertMember(tx, { workspace_id: row.id, user_id: ownerId, role: 'owner' });
  await publish(tx, workspaceCreated(row));
  await publish(tx, memberAdded(owner));
  return { ...row, role: 'owner' };
}
