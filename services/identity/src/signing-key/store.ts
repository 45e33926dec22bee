import type { SigningKeyRow, Tx } from '../database.ts';

/** All keys, newest first. */
export const listSigningKeys = (tx: Tx): Promise<SigningKeyRow[]> =>
  tx.selectFrom('signing_keys').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').execute();

export async function insertSigningKey(tx: Tx, row: SigningKeyRow): Promise<void> {
  await tx.insertInto('signing_keys').values(row).execute();
}

export async function deleteSigningKeys(tx: Tx, ids: string[]): Promise<void> {
  await tx.deleteFrom('signing_keys').where('id', 'in', ids).execute();
}
