import type { InstallRow } from '../database.ts';
import { loadInventory } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { endpointsOf } from './endpoints.ts';
import { pauseFor, targetOf, type Found, type RunDeps, type Step } from './steps.ts';

/** What makes pods, down to zero: what each had is stored before it is changed. */
const hibernate: Step = async (row, { db, engine }, signal) => {
  const inventory = await db.acrossWorkspaces((tx) => loadInventory(tx, row.id));
  const step = await engine.hibernate(targetOf(row), inventory, row.remembered, signal);
  const change = { remembered: JSON.stringify(step.remembered) };
  switch (step.state) {
    case 'next':
      return { do: 'go', step: 'hibernate', change };
    case 'waiting':
      return { do: 'wait', afterMs: pauseFor(row), why: step.message, change };
    case 'done':
      return {
        do: 'go',
        step: 'none',
        change: { ...change, ...sleeping(row), state: 'hibernated', message: wordsOf(row, step.message) },
        fact: 'hibernated',
      };
  }
};

const wordsOf = ({ reason }: InstallRow, but: string): string => {
  const why = reason === 'Unpaid' ? 'Its order is not paid. ' : '';
  return `${why}Scaled to zero; its data is kept.${but === '' ? '' : ` But ${but}.`}`;
};

function sleeping(row: InstallRow): Found['change'] {
  return {
    workloads: JSON.stringify(
      row.workloads.map((workload) => ({ ...workload, ready: false, message: 'It is hibernated.' })),
    ),
    endpoints: JSON.stringify(row.endpoints.map((endpoint) => ({ ...endpoint, ready: false }))),
    conditions: withCondition(row, 'Healthy', false, 'Hibernated', 'Scaled to zero; its data is kept.'),
  };
}

/** Gives everything back what it had; then it becomes healthy as after a deployment. */
const revive: Step = async (row, { engine }, signal) => {
  const { left, message } = await engine.revive(targetOf(row), row.remembered, signal);
  const change = { remembered: JSON.stringify(left) };
  if (left.length === 0) return { do: 'go', step: 'health', change };
  return { do: 'wait', afterMs: pauseFor(row), why: message, change };
};

export const hibernateSteps = { hibernate, revive };

/** Awake and healthy: RUNNING again. */
export async function becomeAwake(row: InstallRow, deps: RunDeps): Promise<Found> {
  const { objects } = await deps.manifests(row);
  return {
    do: 'rest',
    change: {
      state: 'running',
      reason: '',
      message: '',
      endpoints: JSON.stringify(endpointsOf(objects)),
      conditions: withCondition(row, 'Healthy', true, '', 'Every workload is ready.'),
    },
    fact: 'revived',
  };
}
