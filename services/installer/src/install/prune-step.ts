import type { Tx } from '../database.ts';
import { loadStale, recordRemoved } from '../release/store.ts';
import { heldUp, waitedIn } from './held.ts';
import { pauseFor, targetOf, type Step } from './steps.ts';

/**
 * Removes what left the manifests, once the new release is healthy: until then what was there may be all that works.
 * What the chart says to keep stays and is nobody's concern any more.
 */
export const prune: Step = async (row, { db, engine }, signal) => {
  const stale = await db.acrossWorkspaces((tx) => loadStale(tx, row));
  if (stale.length === 0) return { do: 'go', step: 'post-install' };
  const { removed, kept, left, ...held } = await engine.removeObjects(
    targetOf(row),
    stale,
    signal,
    waitedIn(row),
  );
  const outcomes = [
    ...removed.map((entry) => ({ entry, outcome: 'deleted' })),
    ...kept.map(({ entry }) => ({ entry, outcome: 'kept' })),
  ];
  const record = outcomes.length === 0 ? {} : { record: (tx: Tx) => recordRemoved(tx, row, outcomes) };
  if (left.length === 0) return { do: 'go', step: 'post-install', ...record };
  const words = heldUp(row, held, `${left.length} objects are being deleted.`);
  return { do: 'wait', afterMs: pauseFor(row), ...words, ...record };
};
