import { publish } from '@cnap/events';
import { wake } from '@cnap/reconcile';
import type { InstallRow, Tx } from '../database.ts';
import { installFact } from './event.ts';
import { changeInstall } from './store.ts';

/**
 * Marks an install as wanted no more, with its fact; its reconciler removes it. Repeatable.
 * @param row as it is, locked: one that is being placed at this moment has something to remove a moment later
 */
export async function beginRemoval(tx: Tx, row: InstallRow, reason: string): Promise<InstallRow> {
  if (row.wanted === 'absent') return row;
  const placed = row.cluster_id !== null;
  const changed = await changeInstall(tx, row.id, {
    wanted: 'absent',
    // What is on a cluster that is forgotten is deleted when that returns.
    state: row.state === 'detached' ? 'detached' : 'deleting',
    step: placed ? 'pre-delete' : 'none',
    step_at: new Date(),
    progress_in_step: '{}',
    remembered: '[]',
    reason: row.state === 'detached' ? row.reason : 'Removal',
    message: reason,
  });
  await publish(tx, installFact('deleting', changed));
  await wake(tx, 'install', row.id);
  return changed;
}
