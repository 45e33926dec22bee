import type { InventoryEntry } from '../kubernetes/port.ts';
import { loadInventory, recordApplied, recordRemoved } from '../release/store.ts';
import { runHookStep } from './hook-step.ts';
import { pauseFor, targetOf, type Step } from './steps.ts';

const preDelete: Step = (row, deps, signal) => runHookStep(row, deps, signal, 'pre-delete', 'remove-objects');
const postDelete: Step = (row, deps, signal) =>
  runHookStep(row, deps, signal, 'post-delete', 'remove-namespace');

/** Everything in the inventory, in reverse order; what stays on purpose is in the receipt as kept. */
const removeObjects: Step = async (row, { db, engine }, signal) => {
  const target = targetOf(row);
  const inventory = await db.acrossWorkspaces((tx) => loadInventory(tx, row.id));
  const own = inventory.filter((entry) => !isOwnNamespace(entry, target.namespace));
  if (own.length === 0) return { do: 'go', step: 'post-delete' };
  const { removed, kept, left, waiting } = await engine.removeObjects(target, own, signal);
  const outcomes = [
    ...removed.map((entry) => ({ entry, outcome: 'deleted' })),
    ...kept.map(({ entry }) => ({ entry, outcome: 'kept' })),
  ];
  if (left.length === 0)
    return { do: 'go', step: 'post-delete', write: (tx) => recordRemoved(tx, row, outcomes) };
  const why = waiting.map(({ message }) => message).join('; ') || `${left.length} objects are being deleted`;
  return { do: 'wait', afterMs: pauseFor(row), why, write: (tx) => recordRemoved(tx, row, outcomes) };
};

/** The namespace last; volume claims that StatefulSets made go with it and into the receipt. */
const removeNamespace: Step = async (row, { db, engine }, signal) => {
  const target = targetOf(row);
  const known = await db.acrossWorkspaces((tx) => loadInventory(tx, row.id));
  const claims = (await engine.listVolumeClaims(target, signal)).map((claim): InventoryEntry => ({
    ...claim,
    uid: '',
  }));
  const { gone, waiting } = await engine.removeNamespace(target, signal);
  const namespace: InventoryEntry = { apiVersion: 'v1', kind: 'Namespace', name: target.namespace, uid: '' };
  if (!gone) {
    const why = waiting.map(({ message }) => message).join('; ') || 'The namespace is being deleted.';
    return { do: 'wait', afterMs: pauseFor(row), why, write: (tx) => recordApplied(tx, row, claims) };
  }
  const rest = [...known, ...claims].filter((entry) => entry.kind !== 'Namespace');
  return {
    do: 'go',
    step: 'none',
    write: (tx) =>
      recordRemoved(
        tx,
        row,
        [...rest, namespace].map((entry) => ({ entry, outcome: 'deleted' })),
      ),
  };
};

const isOwnNamespace = (entry: InventoryEntry, namespace: string): boolean =>
  entry.kind === 'Namespace' && entry.name === namespace;

export const removeSteps = {
  'pre-delete': preDelete,
  'remove-objects': removeObjects,
  'post-delete': postDelete,
  'remove-namespace': removeNamespace,
};
