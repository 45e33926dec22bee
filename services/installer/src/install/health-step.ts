import { publish } from '@cnap/events';
import type { InstallRow, Workload } from '../database.ts';
import type { HealthReport } from '../kubernetes/port.ts';
import { changeRelease, loadInventory } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { manifestsOf } from './deploy-steps.ts';
import { endpointsOf } from './endpoints.ts';
import { installFact } from './event.ts';
import { openInputs, sealOutputs } from './inputs.ts';
import { outputsOf } from './outputs.ts';
import { changeInstall } from './store.ts';
import { pauseFor, targetOf, type Next, type Step, type StepDeps } from './steps.ts';

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

/** Looks at the health of what was applied, with words for why it waits. */
async function look(row: InstallRow, { db, engine }: StepDeps, signal: AbortSignal) {
  const target = targetOf(row);
  const inventory = await db.acrossWorkspaces((tx) => loadInventory(tx, row.id));
  const report = await engine.observeHealth(target, inventory, signal);
  if (report.state === 'current') return { report, workloads: workloadsOf(report), why: '' };
  const waiting = await engine.explainWaiting(target, signal);
  const why = [...new Set(waiting.map(({ message }) => message))].slice(0, 3).join('; ') || report.message;
  return { report, workloads: workloadsOf(report), why };
}

/** After applying: the gate of RUNNING. */
const deployHealth: Step = async (row, deps, signal) => {
  const { report, workloads, why } = await look(row, deps, signal);
  const progress = JSON.stringify(workloads);
  const news = progress !== JSON.stringify(row.workloads);
  if (report.state === 'current') {
    return {
      do: 'go',
      step: 'post-install',
      write: async (tx) => void (await changeInstall(tx, row.id, { workloads: progress })),
    };
  }
  return {
    do: 'wait',
    afterMs: pauseFor(row),
    why,
    write: async (tx) => {
      if (news) await changeInstall(tx, row.id, { workloads: progress });
    },
  };
};

/** Deployed completely: RUNNING for the first time. */
export async function becomeRunning(row: InstallRow, deps: StepDeps): Promise<Next> {
  const { objects } = await manifestsOf(row, deps);
  const endpoints = endpointsOf(objects);
  const inputs = openInputs(deps.keyring, row);
  const host = endpoints[0] === undefined ? '' : new URL(endpoints[0].url).host;
  const outputs = outputsOf(row, objects, { host, answers: inputs.answers });
  return {
    do: 'rest',
    write: async (tx) => {
      const changed = await changeInstall(tx, row.id, {
        state: 'running',
        reason: '',
        message: '',
        ready_at: row.ready_at ?? new Date(),
        endpoints: JSON.stringify(endpoints),
        sealed_outputs: sealOutputs(deps.keyring, row, outputs),
        conditions: withCondition(row, 'Healthy', true, '', 'Every workload is ready.'),
      });
      if (row.release_id !== null) await changeRelease(tx, row.release_id, { state: 'healthy' });
      await publish(tx, installFact('ready', changed));
    },
  };
}

/** Of an install that runs, or ran: woken by the watch when something of it changed. */
export const runningHealth: Step = async (row, deps, signal) => {
  const { report, workloads, why } = await look(row, deps, signal);
  const healthy = report.state === 'current';
  if (healthy === (row.state === 'running')) {
    // Still degraded: it looks again by itself, as the cause may lie where no watch looks.
    return healthy ? { do: 'rest' } : { do: 'wait', afterMs: pauseFor(row), why };
  }
  const state = healthy ? ('running' as const) : ('degraded' as const);
  const write: NonNullable<Next['write']> = async (tx) => {
    const changed = await changeInstall(tx, row.id, {
      state,
      reason: healthy ? '' : 'Unhealthy',
      message: why,
      workloads: JSON.stringify(workloads),
      step_at: new Date(),
      conditions: withCondition(row, 'Healthy', healthy, healthy ? '' : 'Unhealthy', why),
    });
    await publish(tx, installFact(healthy ? 'ready' : 'degraded', changed));
  };
  return healthy ? { do: 'rest', write } : { do: 'wait', afterMs: 1_000, why, write };
};

export const healthSteps = { health: deployHealth };
