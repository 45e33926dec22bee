import type { HookEvent } from '@cnap/helm';
import type { InstallRow, StepName } from '../database.ts';
import { recordApplied } from '../release/store.ts';
import { pauseFor, targetOf, type Found, type Step } from './steps.ts';
import { isLate, late } from './update.ts';

/** A hook that failed is tried again after so long; a database that comes up late is no reason to give up. */
const retryFailedMs = 10_000;

/** The hooks of one event, one step of them at a time; `then` follows when they are done. */
const hookStep =
  (moment: 'pre' | 'post' | HookEvent, then: StepName): Step =>
  async (row, deps, signal) => {
    const event = moment === 'pre' || moment === 'post' ? (`${moment}-${actionOf(row)}` as const) : moment;
    const { hooks } = await deps.manifests(row);
    if (!hooks.some((hook) => hook.events.includes(event))) return { do: 'go', step: then };
    const run = row.progress_in_step.hookRun ?? 1;
    const before = row.progress_in_step.hooks ?? { completed: [] };
    const runName = `${row.release_id ?? ''}-${event}-${run}`;
    const step = await deps.engine.runHooks(targetOf(row), hooks, event, runName, before, signal);
    const record: Found['record'] = (tx) => recordApplied(tx, row, step.applied);
    const { said } = row.progress_in_step;
    const remember = (hookRun: number, progress: typeof before, words = said) => {
      const text = JSON.stringify({ hookRun, hooks: progress, said: words });
      return text === JSON.stringify({ hookRun: run, hooks: before, said })
        ? {}
        : { change: { progress_in_step: text } };
    };
    switch (step.state) {
      case 'next':
        return { do: 'go', step: row.step, record, ...remember(run, step.progress) };
      case 'waiting':
        if (isLate(row)) return { ...late(said ?? step.message), record };
        return {
          do: 'wait',
          afterMs: pauseFor(row),
          why: step.message,
          record,
          ...remember(run, step.progress),
        };
      case 'failed': {
        // A deletion goes on: what a hook could not tidy up goes with the namespace.
        if (event === 'pre-delete' || event === 'post-delete') return { do: 'go', step: then, record };
        const { logs = '', permanent } = step.progress.failed ?? {};
        const why = logs.trim() === '' ? step.message : `${step.message}. It said last:\n${logs.trim()}`;
        if (permanent !== undefined) return { do: 'fail', reason: permanent, message: why, record };
        if (isLate(row)) return { ...late(why), record };
        return {
          do: 'wait',
          afterMs: retryFailedMs,
          why,
          record,
          ...remember(run + 1, { completed: [] }, why),
        };
      }
      case 'done':
        return { do: 'go', step: then, record };
    }
  };

/** What Helm would call what is going on. */
function actionOf(row: InstallRow): 'install' | 'upgrade' | 'rollback' {
  if (row.healthy_release_id === null) return 'install';
  return row.rollback_to === null ? 'upgrade' : 'rollback';
}

export const hookSteps = {
  'pre-install': hookStep('pre', 'objects'),
  'post-install': hookStep('post', 'none'),
  'pre-delete': hookStep('pre-delete', 'remove-objects'),
  'post-delete': hookStep('post-delete', 'keep-volumes'),
};
