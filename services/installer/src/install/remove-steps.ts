import { objectKey } from '@cnap/kubernetes';
import type { InstallRow, StepName, Tx } from '../database.ts';
import type { Engine, InventoryEntry } from '../kubernetes/port.ts';
import { loadInventory, recordApplied, recordRemoved } from '../release/store.ts';
import { heldUp, waitedIn } from './held.ts';
import { keptClaims, keepVolumes } from './keep-volumes.ts';
import { pauseFor, targetOf, type Found, type Step } from './steps.ts';

/** Everything in the inventory, in reverse order; what stays on purpose is in the receipt as kept. */
const removeObjects: Step = async (row, { db, engine }, signal) => {
  const target = targetOf(row);
  const inventory = await db.acrossWorkspaces((tx) => loadInventory(tx, row.id));
  const isKept = keptClaims(row);
  const own = inventory.filter((entry) => !isOwnNamespace(entry, target.namespace) && !isKept(entry));
  if (own.length === 0) return { do: 'go', step: 'post-delete' };
  return removeAll(row, own, engine, signal, 'post-delete');
};

async function removeAll(
  row: InstallRow,
  own: InventoryEntry[],
  engine: Engine,
  signal: AbortSignal,
  then: StepName,
): Promise<Found> {
  const target = targetOf(row);
  const { removed, kept, left, ...held } = await engine.removeObjects(target, own, signal, waitedIn(row));
  // What a chart wants kept within the namespace goes with that all the same, and the receipt says so then.
  const stays = kept.filter(({ entry }) => entry.namespace !== target.namespace);
  const outcomes = [
    ...removed.map((entry) => ({ entry, outcome: 'deleted' })),
    ...stays.map(({ entry }) => ({ entry, outcome: 'kept' })),
  ];
  const record = outcomes.length === 0 ? {} : { record: (tx: Tx) => recordRemoved(tx, row, outcomes) };
  if (left.length === 0) return { do: 'go', step: then, ...record };
  const words = heldUp(row, held, `${left.length} objects are being deleted.`);
  return { do: 'wait', afterMs: pauseFor(row), ...words, ...record };
}

/** The namespace last; volume claims that StatefulSets made go with it and into the receipt. */
const removeNamespace: Step = async (row, { db, engine }, signal) => {
  const target = targetOf(row);
  const known = await db.acrossWorkspaces((tx) => loadInventory(tx, row.id));
  // Hooks that ran after everything else was gone may have left something elsewhere.
  const elsewhere = known.filter(
    (entry) => entry.namespace !== target.namespace && !isOwnNamespace(entry, target.namespace),
  );
  if (elsewhere.length > 0) return removeAll(row, elsewhere, engine, signal, 'remove-namespace');
  if (row.adopted) {
    // It was there before, and so it stays, with what somebody else has in it.
    const own: InventoryEntry = { apiVersion: 'v1', kind: 'Namespace', name: target.namespace, uid: '' };
    const left = [...known, own].map((entry) => ({ entry, outcome: 'kept' }));
    return { do: 'go', step: 'none', record: (tx) => recordRemoved(tx, row, left) };
  }
  const keys = new Set(known.map(objectKey));
  const claims = (await engine.listVolumeClaims(target, signal))
    .filter((claim) => !keys.has(objectKey(claim)))
    .map((claim): InventoryEntry => ({ ...claim, uid: '' }));
  // Written down while they are there: afterwards nobody knows of them.
  if (claims.length > 0) {
    return { do: 'go', step: 'remove-namespace', record: (tx) => recordApplied(tx, row, claims) };
  }
  const { gone, ...held } = await engine.removeNamespace(target, signal, waitedIn(row));
  if (!gone) {
    return { do: 'wait', afterMs: pauseFor(row), ...heldUp(row, held, 'The namespace is being deleted.') };
  }
  const namespace: InventoryEntry = { apiVersion: 'v1', kind: 'Namespace', name: target.namespace, uid: '' };
  const rest = known.filter((entry) => !isOwnNamespace(entry, target.namespace));
  const outcomes = [...rest, namespace].map((entry) => ({ entry, outcome: 'deleted' }));
  return { do: 'go', step: 'none', record: (tx) => recordRemoved(tx, row, outcomes) };
};

const isOwnNamespace = (entry: InventoryEntry, namespace: string): boolean =>
  entry.kind === 'Namespace' && entry.name === namespace;

export const removeSteps = {
  'remove-objects': removeObjects,
  'keep-volumes': keepVolumes,
  'remove-namespace': removeNamespace,
};
