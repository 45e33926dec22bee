import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import type { AccessTokenRow, Tx } from '../database.ts';
import { workspaceIdsOf } from '../workspace/store.ts';
import { tokenCreated } from './event.ts';
import { hashTokenSecret, newTokenSecret, visiblePrefix } from './secret.ts';
import { insertToken } from './store.ts';

export type NewToken = {
  userId: string;
  name: string;
  workspaceId: string | null;
  readOnly: boolean;
  expiresAt: Date | null;
};

/** Makes a token and its fact; the secret exists in the answer only. */
export async function makeToken(tx: Tx, token: NewToken): Promise<{ row: AccessTokenRow; secret: string }> {
  const secret = newTokenSecret();
  const row = await insertToken(tx, {
    id: newId('tok'),
    user_id: token.userId,
    name: token.name,
    prefix: visiblePrefix(secret),
    secret_hash: hashTokenSecret(secret),
    workspace_id: token.workspaceId,
    read_only: token.readOnly,
    expires_at: token.expiresAt,
  });
  await publish(tx, tokenCreated(row, await opensWorkspaces(tx, row)));
  return { row, secret };
}

/** The workspaces that a token works in. */
export const opensWorkspaces = async (tx: Tx, row: AccessTokenRow): Promise<string[]> =>
  row.workspace_id === null ? workspaceIdsOf(tx, row.user_id) : [row.workspace_id];
