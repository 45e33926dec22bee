import type { InstallRow } from '../database.ts';
import { chunksOf } from '../kubernetes/order.ts';
import type { ApplyResult } from '../kubernetes/port.ts';
import { recordApplied } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { prepared } from './pull-secret.ts';
import { pauseFor, targetOf, type Found, type Step } from './steps.ts';

const chunkSize = 12;

/** Namespace, quota, limits, network policy, pull secret. */
const prepareNamespace: Step = async (row, deps, signal) => {
  const { result, change } = await prepared(row, deps, signal);
  return (
    troubleOf(row, result) ?? {
      do: 'go',
      step: 'crds',
      record: (tx) => recordApplied(tx, row, result.applied),
      change,
    }
  );
};

const applyCrds: Step = async (row, deps, signal) => {
  const { crds } = await deps.manifests(row);
  if (crds.length === 0) return { do: 'go', step: 'pre-install' };
  const result = await deps.engine.applyCrds(targetOf(row), crds, signal);
  const trouble = troubleOf(row, result);
  if (trouble) return trouble;
  const record: Found['record'] = (tx) => recordApplied(tx, row, result.applied);
  if (!result.established) {
    return { do: 'wait', afterMs: pauseFor(row), why: `Waits for ${result.waitingFor.join(', ')}.`, record };
  }
  return { do: 'go', step: 'pre-install', record, change: { objects_applied: crds.length } };
};

/** One chunk; the next is another turn. */
const applyObjects: Step = async (row, deps, signal) => {
  const { crds, objects } = await deps.manifests(row);
  const chunks = chunksOf(objects, chunkSize);
  const index = row.progress_in_step.chunk ?? 0;
  const chunk = chunks[index];
  if (!chunk) return { do: 'go', step: 'health' };
  const options = { registries: row.pull_secret, replace: row.replace_policy === 'replace' };
  const result = await deps.engine.applyObjects(targetOf(row), chunk, signal, options);
  const trouble = troubleOf(row, result);
  if (trouble) return trouble;
  const record: Found['record'] = (tx) => recordApplied(tx, row, result.applied);
  const applied = crds.length + chunks.slice(0, index + 1).reduce((sum, one) => sum + one.length, 0);
  if (index + 1 < chunks.length) {
    const progress_in_step = JSON.stringify({ chunk: index + 1 });
    return { do: 'go', step: 'objects', record, change: { objects_applied: applied, progress_in_step } };
  }
  const conditions = withCondition(row, 'Applied', true, '', `${applied} objects.`);
  return { do: 'go', step: 'health', record, change: { objects_applied: applied, conditions } };
};

/** What a failure leads to; what was applied before it is recorded. */
function troubleOf(row: InstallRow, { applied, failure }: ApplyResult): Found | undefined {
  if (!failure) return undefined;
  const record: Found['record'] = (tx) => recordApplied(tx, row, applied);
  const { reason, message, permanent, retryAfterMs = 0 } = failure;
  if (permanent) return { do: 'fail', reason, message, record };
  return { do: 'wait', afterMs: Math.max(retryAfterMs, pauseFor(row)), why: message, record };
}

export const applySteps = { namespace: prepareNamespace, crds: applyCrds, objects: applyObjects };
