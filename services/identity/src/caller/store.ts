import type { Tx } from '../database.ts';

/** Up to `limit` workspaces of a user. */
export async function membershipsOf(tx: Tx, userId: string, limit: number): Promise<string[]> {
  const rows = await tx
    .selectFrom('members')
    .select('workspace_id')
    .where('user_id', '=', userId)
    .limit(limit)
    .execute();
  return rows.map((row) => row.workspace_id);
}
