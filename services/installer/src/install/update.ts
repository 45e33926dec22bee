import { wake } from '@cnap/reconcile';
import type { Updateable } from 'kysely';
import { clearDrifts } from '../drift/store.ts';
import type { InstallRow, InstallStateName, Tables, Tx } from '../database.ts';
import { withCondition } from './conditions.ts';
import { changeInstall } from './store.ts';
import type { Found } from './steps.ts';

type Change = Updateable<Tables['installs']>;

const defaultDeadlineMs = 10 * 60_000;

/** Changes what an install is made of; its reconciler makes a release of it as soon as it may. */
export async function beginUpdate(tx: Tx, id: string, change: Change): Promise<InstallRow> {
  const row = await changeInstall(tx, id, { ...change, update_wanted: true });
  await wake(tx, 'install', id);
  return row;
}

const healthGated = new Set<InstallStateName>(['updating', 'deploying', 'reviving']);

/** Whether a new release may begin now: nothing is under way, or what is under way only waits to become healthy. */
export const mayBegin = (row: InstallRow): boolean =>
  row.wanted === 'present' &&
  row.cluster_id !== null &&
  (row.state === 'running' ||
    row.state === 'degraded' ||
    (row.state === 'failed' && row.order_id === null) ||
    (healthGated.has(row.state) && row.step === 'health'));

/** The first step of an update, or of another try of a deployment. */
export const startUpdate = (row: InstallRow): Found => ({
  do: 'go',
  step: 'render',
  // A new release applies everything.
  also: (tx) => clearDrifts(tx, row.id),
  change: {
    state: row.healthy_release_id === null ? 'deploying' : 'updating',
    reason: '',
    message: '',
    update_wanted: false,
    update_began_at: new Date(),
    // Somebody's wish for an earlier release stays; a rollback that began by itself is overtaken.
    ...(row.rollback_reason === '' ? {} : { rollback_to: null, rollback_reason: '' }),
    ...(row.conditions.some(({ type, met }) => type === 'Drifted' && met)
      ? { conditions: withCondition(row, 'Drifted', false, '', 'A new release applies everything.') }
      : {}),
  },
});

/** Whether an update has had its time to become healthy. A first deployment has its order's deadline. */
export const isLate = (row: InstallRow, now = Date.now()): boolean =>
  row.state === 'updating' &&
  row.update_began_at !== null &&
  now - row.update_began_at.getTime() > (row.product.healthDeadlineMs ?? defaultDeadlineMs);

export const late = (why: string): Extract<Found, { do: 'fail' }> => ({
  do: 'fail',
  reason: 'UPDATE_NOT_HEALTHY',
  message: `It did not become healthy in time. ${why}`.trim(),
});

/**
 * An update that failed: back to the last release that was healthy, once. When that fails, too, the install stays as
 * it is and is watched.
 */
export function giveUpUpdate(
  row: InstallRow,
  { reason, message }: { reason: string; message: string },
): Found {
  const conditions = withCondition(row, 'Updated', false, reason, message);
  if (row.rollback_reason !== '' || row.healthy_release_id === null) {
    return {
      do: 'wait',
      afterMs: 1_000,
      why: undefined,
      change: {
        state: 'degraded',
        step: 'none',
        step_at: new Date(),
        progress_in_step: '{}',
        reason,
        message: `Going back failed: ${message}`,
        rollback_to: null,
        rollback_reason: '',
        conditions,
      },
      fact: 'degraded',
    };
  }
  return {
    do: 'go',
    step: 'render',
    change: {
      state: 'updating',
      reason,
      message: `The update failed and is being undone: ${message}`,
      rollback_to: row.healthy_release_id,
      rollback_reason: message || reason,
      update_began_at: new Date(),
      conditions,
    },
  };
}
