import { messageOf } from '@cnap/errors';
import { publish } from '@cnap/events';
import { done, requeueAfter, type Outcome, type Reconcile, type ReconcileContext } from '@cnap/reconcile';
import { withTrace } from '@cnap/telemetry';
import type { InstallRow, StepName, Tx } from '../database.ts';
import { ClusterUnavailable } from '../kubernetes/cluster-connections.ts';
import { changeRelease } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { deploySteps } from './deploy-steps.ts';
import { installFact } from './event.ts';
import { becomeRunning, healthSteps, runningHealth } from './health-step.ts';
import { removeSteps } from './remove-steps.ts';
import { changeInstall, loadInstall } from './store.ts';
import type { Next, Step, StepDeps } from './steps.ts';

const steps: Partial<Record<StepName, Step>> = { ...deploySteps, ...healthSteps, ...removeSteps };
/** A turn ends after so many steps, so that others get their turn. */
const stepsPerTurn = 60;

/** Brings an install to its wanted state, one external step at a time; each is written before the next begins. */
export const reconcileInstall =
  (deps: StepDeps): Reconcile =>
  async (context) => {
    for (let count = 0; count < stepsPerTurn; count += 1) {
      const row = await deps.db.acrossWorkspaces((tx) => loadInstall(tx, context.key));
      if (!row) return done;
      const outcome = await withTrace(row.traceparent ?? undefined, () => turn(row, deps, context));
      if (outcome) return outcome;
    }
    return requeueAfter(0);
  };

/** One step; undefined: go on with the next at once. */
async function turn(
  row: InstallRow,
  deps: StepDeps,
  context: ReconcileContext,
): Promise<Outcome | undefined> {
  const next = await nextOf(row, deps, context.signal).catch((error: unknown): Next => {
    if (!(error instanceof ClusterUnavailable)) throw error;
    return { do: 'wait', afterMs: error.retryAfterMs, why: `Waits for the cluster: ${messageOf(error)}` };
  });
  const written = await context.write(async (tx: Tx) => {
    await next.write?.(tx);
    return conclude(tx, row, next);
  });
  if (!written || next.do === 'go') return undefined;
  return next.do === 'wait' ? requeueAfter(next.afterMs, next.why) : done;
}

async function nextOf(row: InstallRow, deps: StepDeps, signal: AbortSignal): Promise<Next> {
  const step = steps[row.step];
  if (step) return step(row, deps, signal);
  if (row.wanted === 'absent') return becomeDeleted(row);
  if (row.state === 'deploying') return becomeRunning(row, deps);
  if (row.state === 'running' || row.state === 'degraded') return runningHealth(row, deps, signal);
  return { do: 'rest' };
}

function becomeDeleted(row: InstallRow): Next {
  if (row.state === 'deleted') return { do: 'rest' };
  return {
    do: 'rest',
    write: async (tx) => {
      const changed = await changeInstall(tx, row.id, {
        state: 'deleted',
        deleted_at: new Date(),
        conditions: withCondition(row, 'Removed', true, '', 'Nothing is left on the cluster.'),
      });
      await publish(tx, installFact('deleted', changed));
    },
  };
}

/**
 * Moves the row on, unless somebody has changed its mind meanwhile (a removal began while a step was under way): then
 * what the step did on the cluster is recorded, and where the row stands is not touched.
 * @returns whether the row is where the step left it
 */
async function conclude(tx: Tx, row: InstallRow, next: Next): Promise<boolean> {
  const now = await loadInstall(tx, row.id);
  if (!now || now.wanted !== row.wanted) return false;
  if (next.do === 'go' && next.step !== row.step) {
    await tx
      .updateTable('installs')
      .set({ step: next.step, step_at: new Date(), progress_in_step: '{}' })
      .where('id', '=', row.id)
      .execute();
  }
  if (next.do === 'wait' && now.message !== next.why) await changeInstall(tx, row.id, { message: next.why });
  if (next.do === 'fail') {
    const { reason, message } = next;
    const changed = await changeInstall(tx, row.id, {
      state: 'failed',
      step: 'none',
      reason,
      message,
      conditions: withCondition(
        row,
        row.release_id === null ? 'Rendered' : 'Applied',
        false,
        reason,
        message,
      ),
    });
    if (row.release_id !== null) await changeRelease(tx, row.release_id, { state: 'failed', message });
    await publish(tx, installFact('failed', changed));
  }
  return true;
}
