import type { HookEvent } from '@cnap/helm';
import type { InstallRow, StepName } from '../database.ts';
import { recordApplied } from '../release/store.ts';
import { manifestsOf } from './deploy-steps.ts';
import { changeInstall } from './store.ts';
import { pauseFor, targetOf, type Next, type StepDeps } from './steps.ts';

/** A hook that failed is tried again after so long; a database that comes up late is no reason to give up. */
const retryFailedMs = 10_000;

/** One step of the hooks of one event; `then` follows when they are done. */
export async function runHookStep(
  row: InstallRow,
  deps: StepDeps,
  signal: AbortSignal,
  event: HookEvent,
  then: StepName,
): Promise<Next> {
  const { hooks } = await manifestsOf(row, deps);
  if (!hooks.some((hook) => hook.events.includes(event))) return { do: 'go', step: then };
  const run = row.progress_in_step.hookRun ?? 1;
  const before = row.progress_in_step.hooks ?? { completed: [] };
  const runName = `${row.release_id ?? ''}-${event}-${run}`;
  const step = await deps.engine.runHooks(targetOf(row), hooks, event, runName, before, signal);
  const remember =
    (hookRun: number, progress: typeof before): NonNullable<Next['write']> =>
    async (tx) => {
      await recordApplied(tx, row, step.applied);
      await changeInstall(tx, row.id, { progress_in_step: JSON.stringify({ hookRun, hooks: progress }) });
    };
  switch (step.state) {
    case 'next':
      return { do: 'go', step: row.step, write: remember(run, step.progress) };
    case 'waiting':
      return { do: 'wait', afterMs: pauseFor(row), why: step.message, write: remember(run, step.progress) };
    case 'failed': {
      const logs = step.progress.failed?.logs.trim() ?? '';
      const why = logs === '' ? step.message : `${step.message}. It said last:\n${logs}`;
      // A deletion goes on: what a hook could not tidy up goes with the namespace.
      if (event === 'pre-delete' || event === 'post-delete') return { do: 'go', step: then };
      return { do: 'wait', afterMs: retryFailedMs, why, write: remember(run + 1, { completed: [] }) };
    }
    case 'done':
      return { do: 'go', step: then, write: (tx) => recordApplied(tx, row, step.applied) };
  }
}
