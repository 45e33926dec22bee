import { sql, type Updateable } from 'kysely';
import type { DriftRow, InstallRow, Tables, Tx } from '../database.ts';
import type { Found } from './plan.ts';

/** What is known of an install's drift: what there is, and the last of each object that is over. */
export const loadDrifts = (tx: Tx, installId: string): Promise<DriftRow[]> =>
  tx
    .selectFrom('drifts')
    .selectAll()
    .where('install_id', '=', installId)
    .orderBy('detected_at', 'desc')
    .orderBy('object_key')
    .execute();

/** Writes down what was found; what was corrected lately is not forgotten. */
export async function recordDetected(tx: Tx, row: InstallRow, found: Found, lookAt: Date): Promise<void> {
  const now = new Date();
  const seen = {
    ref: JSON.stringify(found.compared.ref),
    state: 'detected' as const,
    change: found.change,
    fields: JSON.stringify(found.fields),
    message: '',
    detected_at: now,
    ended_at: null,
    look_at: lookAt,
  };
  await tx
    .insertInto('drifts')
    .values({
      install_id: row.id,
      workspace_id: row.workspace_id,
      seller_workspace_id: row.seller_workspace_id,
      object_key: found.key,
      ...seen,
    })
    .onConflict((conflict) => conflict.columns(['install_id', 'object_key']).doUpdateSet(seen))
    .execute();
}

export async function changeDrift(
  tx: Tx,
  installId: string,
  key: string,
  change: Updateable<Tables['drifts']>,
): Promise<void> {
  await tx
    .updateTable('drifts')
    .set(change)
    .where('install_id', '=', installId)
    .where('object_key', '=', key)
    .execute();
}

/** Forgets all of it: a new release applies everything. */
export async function clearDrifts(tx: Tx, installId: string): Promise<void> {
  await tx.deleteFrom('drifts').where('install_id', '=', installId).execute();
}

/** Looks at all of it now: what is done about it has changed. */
export async function lookAtDriftsNow(tx: Tx, installId: string): Promise<void> {
  await tx
    .updateTable('drifts')
    .set({ look_at: sql<Date>`now()` })
    .where('install_id', '=', installId)
    .execute();
}
