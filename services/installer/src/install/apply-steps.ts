import type { InstallRow } from '../database.ts';
import { chunksOf } from '../kubernetes/order.ts';
import type { ApplyResult, InventoryEntry } from '../kubernetes/port.ts';
import { recordApplied } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { prepared } from './pull-secret.ts';
import { pauseFor, targetOf, type Found, type Step } from './steps.ts';

/** So many objects are one step; what is applied in parallel is of one rank. */
const stepSize = 12;

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

/**
 * Rank by rank, some objects; the rest is another turn. Cut off in the middle it applies the same ones once more,
 * which changes nothing.
 */
const applyObjects: Step = async (row, deps, signal) => {
  const { crds, objects } = await deps.manifests(row);
  const before = row.progress_in_step.objects ?? 0;
  const some = objects.slice(before, before + stepSize);
  if (some.length === 0) return { do: 'go', step: 'health' };
  const applied: InventoryEntry[] = [];
  const record: Found['record'] = (tx) => recordApplied(tx, row, applied);
  const options = {
    registries: row.pull_secret,
    replace: row.replace_policy === 'replace',
    takeOver: row.adopted,
  };
  for (const chunk of chunksOf(some, stepSize)) {
    const result = await deps.engine.applyObjects(targetOf(row), chunk, signal, options);
    applied.push(...result.applied);
    const trouble = troubleOf(row, { ...result, applied });
    if (trouble) return trouble;
  }
  const now = before + some.length;
  const objects_applied = crds.length + now;
  if (now < objects.length) {
    const progress_in_step = JSON.stringify({ objects: now });
    return { do: 'go', step: 'objects', record, change: { objects_applied, progress_in_step } };
  }
  const conditions = withCondition(row, 'Applied', true, '', `${objects_applied} objects.`);
  return { do: 'go', step: 'health', record, change: { objects_applied, conditions } };
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
