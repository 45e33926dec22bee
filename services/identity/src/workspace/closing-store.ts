import { randomUUID } from 'node:crypto';
import type { Tx } from '../database.ts';
import type { Closing } from './port.ts';

export async function insertClosing(tx: Tx, workspaceId: string): Promise<Closing> {
  const closing = { id: randomUUID(), workspaceId };
  await tx.insertInto('workspace_closings').values({ id: closing.id, workspace_id: workspaceId }).execute();
  return closing;
}

/** Ends a closing with the deletion; false when it was given up before. */
export async function completeClosing(tx: Tx, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('workspace_closings')
    .where('id', '=', id)
    .where('given_up', '=', false)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Gives a closing up for good; undefined when it is over. */
export async function giveUpClosing(tx: Tx, id: string): Promise<Closing | undefined> {
  const row = await tx
    .updateTable('workspace_closings')
    .set({ given_up: true })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row && { id, workspaceId: row.workspace_id };
}

export const forgetClosing = (tx: Tx, id: string): Promise<unknown> =>
  tx.deleteFrom('workspace_closings').where('id', '=', id).where('given_up', '=', true).execute();
