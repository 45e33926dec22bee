import { objectKey } from '@cnap/kubernetes';
import { namespaceSettings } from '../install/namespace-settings.ts';
import { targetOf, type Found as Step, type RunDeps } from '../install/steps.ts';
import type { InstallRow } from '../database.ts';
import { pairsOf } from '../kubernetes/drift.ts';
import { namespaceObjects } from '../kubernetes/namespace-objects.ts';
import type { Compared, InventoryEntry } from '../kubernetes/port.ts';
import { maskText, secretWords } from '../release/masking.ts';
import { secretFacts } from '../release/words.ts';
import { act } from './act.ts';
import { dueAt, isOpen, planDrift, soonMs, type Found } from './plan.ts';
import { shownFields } from './shown.ts';
import { loadDrifts } from './store.ts';

/** What a look at drift leads to: something to write, after which to look once more, or when to look again. */
export type Looked = { next: Step } | { lookAgainMs: number | undefined };

/**
 * Looks for what somebody changed or removed. Watches tell without a request which objects may have been touched; only
 * those are compared. What is found is written down first, and corrected in the next turn.
 */
export async function lookForDrift(row: InstallRow, deps: RunDeps, signal: AbortSignal): Promise<Looked> {
  const { db, engine } = deps;
  const target = targetOf(row);
  const [inventory, rows] = await db.acrossWorkspaces((tx) =>
    Promise.all([deps.inventory.current(row, tx), loadDrifts(tx, row.id)]),
  );
  const { suspects, lookAgainMs } = engine.suspects(target, inventory);
  const open = new Map(rows.filter(isOpen).map((one) => [one.object_key, one]));
  const now = Date.now();
  const suspected = new Set(suspects);
  const times = inventory.flatMap((entry): { entry: InventoryEntry; at: number }[] => {
    const known = open.get(objectKey(entry));
    const isSuspect = suspected.has(entry);
    if (known) return [{ entry, at: dueAt(known, row.drift_policy, isSuspect) }];
    return isSuspect ? [{ entry, at: now }] : [];
  });
  const due = times.filter(({ at }) => at <= now).map(({ entry }) => entry);
  if (due.length === 0) {
    const again = Math.min(lookAgainMs ?? Infinity, ...times.map(({ at }) => Math.max(soonMs, at - now)));
    return { lookAgainMs: Number.isFinite(again) ? again : undefined };
  }
  const found = await compare(row, due, deps, signal);
  const known = new Map(rows.map((one) => [one.object_key, one]));
  const plan = planDrift(found, known, row.drift_policy, now);
  const next = await act(row, plan, known, deps, signal);
  return next ? { next } : { lookAgainMs };
}

/** Opens the watches that tell of drift. @returns when to look once more, while they only begin to tell */
export async function driftWatched(
  row: InstallRow,
  { inventory, engine }: RunDeps,
): Promise<number | undefined> {
  return engine.suspects(targetOf(row), await inventory.current(row)).lookAgainMs;
}

async function compare(
  row: InstallRow,
  entries: InventoryEntry[],
  deps: RunDeps,
  signal: AbortSignal,
): Promise<Found[]> {
  const { engine } = deps;
  const target = targetOf(row);
  const { crds, objects } = await deps.manifests(row);
  const registries = row.pull_secret;
  const fromChart = pairsOf([...crds, ...objects], entries, target);
  const compared = await engine.compareObjects(target, fromChart.pairs, signal, { registries });
  if (fromChart.unknown.length > 0) {
    const { settings } = await namespaceSettings(row, deps);
    const own = namespaceObjects(target, settings);
    const { pairs, unknown } = pairsOf(own, fromChart.unknown, target);
    compared.push(...(await engine.compareObjects(target, pairs, signal)));
    // Nothing wants them any more, such as the limits of a cluster that has none now.
    compared.push(
      ...unknown.map((entry): Compared => ({
        ref: entry,
        found: 'same',
        changes: [],
        entry: { ...entry, leave: true },
      })),
    );
  }
  const words = secretWords(objects, secretFacts(deps.keyring, row));
  const stored = new Map(entries.map((entry) => [objectKey(entry), entry]));
  return compared.map((one) => {
    const key = objectKey(one.ref);
    const isNews = JSON.stringify(one.entry) !== JSON.stringify(stored.get(key));
    const { entry, ...rest } = one;
    if (rest.refused !== undefined) rest.refused = maskText(rest.refused, words);
    return {
      key,
      compared: entry && isNews ? { ...rest, entry } : rest,
      change: one.found === 'changed' || one.found === 'taken' ? one.found : 'removed',
      fields: shownFields(one, words),
    };
  });
}
