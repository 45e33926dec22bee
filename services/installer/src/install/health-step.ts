import type { Condition, InstallRow, Workload } from '../database.ts';
import type { HealthReport } from '../kubernetes/port.ts';
import { changeRelease } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { endpointsOf } from './endpoints.ts';
import { openInputs, sealOutputs } from './inputs.ts';
import { outputsOf } from './outputs.ts';
import { pauseFor, targetOf, type Found, type RunDeps, type Step } from './steps.ts';
import { isLate, late } from './update.ts';

const freshMs = 1_000;
const workloadKinds = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicaSet', 'Pod']);

const workloadsOf = (report: HealthReport): Workload[] =>
  report.objects
    .filter(({ ref }) => workloadKinds.has(ref.kind))
    .map(({ ref, state, message }) => ({
      kind: ref.kind,
      name: ref.name,
      ready: state === 'current',
      message: state === 'current' ? '' : message,
    }));

/** What nobody waits for, but may want to know of: custom resources, APIs and addresses that are not ready. */
function withWarnings(row: InstallRow, warnings: string[]): { conditions?: string } {
  const before = row.conditions.find(({ type }) => type === 'Complete');
  const message = warnings.slice(0, 10).join('; ') || 'Everything else is ready, too.';
  if (before ? before.message === message : warnings.length === 0) return {};
  const met = warnings.length === 0;
  return { conditions: withCondition(row, 'Complete', met, met ? '' : 'NotReady', message) };
}

type News = { change?: NonNullable<Found['change']> };
const nothingNew: News = {};

/** Looks at the health of what was applied, with words for why it waits. */
async function look(row: InstallRow, { inventory, engine }: RunDeps, signal: AbortSignal) {
  const target = targetOf(row);
  const report = await engine.observeHealth(target, await inventory.current(row), signal);
  const workloads = JSON.stringify(workloadsOf(report));
  const change = {
    ...(workloads === JSON.stringify(row.workloads) ? {} : { workloads }),
    ...withWarnings(row, report.warnings),
  };
  const news: News = Object.keys(change).length === 0 ? {} : { change };
  if (report.state === 'current') return { healthy: true, news, workloads, why: '' };
  // Most are ready in a moment; why they are not yet is three lists, and nothing that anybody could read so soon.
  if (
    row.step === 'health' &&
    report.state === 'progressing' &&
    Date.now() - row.step_at.getTime() < freshMs
  ) {
    return { healthy: false, news: nothingNew, workloads, why: report.message, isFresh: true };
  }
  const waiting = await engine.explainWaiting(target, signal);
  const why = [...new Set(waiting.map(({ message }) => message))].slice(0, 3).join('; ') || report.message;
  return { healthy: false, news, workloads, why };
}

/** After applying, or waking: the gate of RUNNING. */
export const deployHealth: Step = async (row, deps, signal) => {
  const { healthy, news, why, isFresh = false } = await look(row, deps, signal);
  if (healthy) {
    const next = row.revision > 1 ? 'prune' : 'post-install';
    return { do: 'go', step: row.state === 'reviving' ? 'none' : next, ...news, isOnlySeen: true };
  }
  if (isLate(row)) return { ...late(why), ...news };
  return { do: 'wait', afterMs: pauseFor(row), why: isFresh ? undefined : why, ...news };
};

/** Deployed completely: RUNNING, for the first time or again. */
export async function becomeRunning(row: InstallRow, deps: RunDeps): Promise<Found> {
  const { objects } = await deps.manifests(row);
  const endpoints = endpointsOf(objects);
  const inputs = openInputs(deps.keyring, row);
  const host = endpoints[0] === undefined ? '' : new URL(endpoints[0].url).host;
  const outputs = outputsOf(row, objects, { host, answers: inputs.answers });
  const { release_id: releaseId, healthy_release_id: former, rollback_reason: undone } = row;
  const isUpdate = row.state === 'updating';
  const conditions = withCondition(row, 'Healthy', true, '', 'Every workload is ready.');
  return {
    do: 'rest',
    change: {
      state: 'running',
      reason: '',
      message: '',
      ready_at: row.ready_at ?? new Date(),
      endpoints: JSON.stringify(endpoints),
      sealed_outputs: sealOutputs(deps.keyring, row, outputs),
      healthy_release_id: releaseId,
      update_began_at: null,
      rollback_to: null,
      rollback_reason: '',
      conditions:
        isUpdate && undone === ''
          ? withCondition(
              { conditions: JSON.parse(conditions) as Condition[] },
              'Updated',
              true,
              '',
              `Revision ${row.revision}.`,
            )
          : conditions,
    },
    fact: isUpdate ? 'updated' : 'ready',
    async also(tx) {
      if (former !== null && former !== releaseId) await changeRelease(tx, former, { state: 'superseded' });
      if (releaseId !== null) await changeRelease(tx, releaseId, { state: 'healthy' });
    },
  };
}

/** Of an install that runs, or ran: woken by the watch when something of it changed. */
export const runningHealth: Step = async (row, deps, signal) => {
  const { healthy, news, workloads, why } = await look(row, deps, signal);
  if (healthy && row.state === 'running') {
    // A cluster that did not answer for a while has left its words behind.
    return { do: 'rest', ...(row.message === '' ? news : { change: { ...news.change, message: '' } }) };
  }
  // Still degraded: it looks again by itself, as the cause may lie where no watch looks.
  if (!healthy && row.state === 'degraded') return { do: 'wait', afterMs: pauseFor(row), why, ...news };
  const reason = healthy ? '' : 'Unhealthy';
  const words = healthy ? 'Every workload is ready.' : why;
  const change: Found['change'] = {
    state: healthy ? 'running' : 'degraded',
    reason,
    message: why,
    workloads,
    step_at: new Date(),
    conditions: withCondition(row, 'Healthy', healthy, reason, words),
  };
  if (healthy) return { do: 'rest', change, fact: 'ready' };
  return { do: 'wait', afterMs: 1_000, why, change, fact: 'degraded' };
};
