import type { DriftField, DriftPolicyName, DriftRow } from '../database.ts';
import type { Compared, InventoryEntry } from '../kubernetes/port.ts';

/** Who insists more often than that on a field, in that time, gets it. */
export const correctionsAtMost = 3;
export const withinMs = 10 * 60_000;
export const rarelyMs = 60_000;
const goingMs = 5_000;
export const soonMs = 1_000;

export type Known = Pick<
  DriftRow,
  'object_key' | 'state' | 'fields' | 'change' | 'fought' | 'corrections' | 'message'
>;
/** What becomes known of an object. */
export type Found = {
  /** By which it is known in the table. */
  key: string;
  compared: Compared;
  change: DriftRow['change'];
  fields: DriftField[];
};

export type Plan = {
  /** Found just now: written down before anything is done. */
  detected: Found[];
  /** To be applied again, but for the fields that are fought for. */
  correct: (Found & { fought: string[] })[];
  /** Fought for, or somebody else's by now: left alone. */
  conflicts: (Found & { fought: string[]; message: string })[];
  /** Nothing to be done now. */
  later: (Found & { afterMs: number; message?: string })[];
  /** As it was applied, or again so. */
  over: string[];
  /** As it should be, though not by our hand: applied again without a word. */
  quietly: Compared[];
  /** What the inventory should say from now on. */
  accepted: InventoryEntry[];
};

export const isOpen = ({ state }: Pick<DriftRow, 'state'>): boolean =>
  state === 'detected' || state === 'conflict';

/** What to do about what was found; one thing at a time, so that a crash costs one. */
export function planDrift(
  found: readonly Found[],
  known: ReadonlyMap<string, Known>,
  policy: DriftPolicyName,
  now: number,
): Plan {
  const plan: Plan = {
    detected: [],
    correct: [],
    conflicts: [],
    later: [],
    over: [],
    quietly: [],
    accepted: [],
  };
  for (const one of found) {
    const { key, compared } = one;
    const before = known.get(key);
    if (compared.found === 'same') {
      if (before && isOpen(before)) plan.over.push(key);
      if (compared.apply && policy === 'correct') plan.quietly.push(compared);
      else if (compared.entry && !compared.apply) plan.accepted.push(compared.entry);
      continue;
    }
    if (!before || !isOpen(before) || !isSame(before, one)) plan.detected.push(one);
    else if (compared.refused !== undefined) {
      plan.later.push({ ...one, afterMs: rarelyMs, message: compared.refused });
    } else if (policy === 'warn') plan.later.push({ ...one, afterMs: rarelyMs });
    else if (compared.found === 'going') plan.later.push({ ...one, afterMs: goingMs });
    else judge(plan, one, before, now);
    if (policy === 'warn' || plan.conflicts.some((conflict) => conflict.key === key)) leave(plan, compared);
  }
  return plan;
}

/** What is left as it is shows by its signature when it is changed once more. */
function leave(plan: Plan, { found, entry }: Compared): void {
  if (found === 'changed' && entry) plan.accepted.push(entry);
}

/** When to look again at what is known: rarely, but soon after a change of what was left as it was. */
export function dueAt(
  { state, change, look_at: at }: Pick<DriftRow, 'state' | 'change' | 'look_at'>,
  policy: DriftPolicyName,
  isSuspect: boolean,
): number {
  const isLeft = change === 'changed' && (state === 'conflict' || policy === 'warn');
  return at.getTime() - (isSuspect && isLeft ? rarelyMs - soonMs : 0);
}

function judge(plan: Plan, found: Found, before: Known, now: number): void {
  const { compared } = found;
  if (compared.found === 'taken') {
    const message = 'It was made anew by somebody else, and is left alone.';
    plan.conflicts.push({ ...found, fought: before.fought, message });
    return;
  }
  const paths = pathsOf(found);
  const fought = [
    ...new Set([
      ...before.fought,
      ...paths.filter((path) => recent(before, path, now).length >= correctionsAtMost),
    ]),
  ];
  if (paths.every((path) => fought.includes(path))) {
    const message = `It was corrected ${correctionsAtMost} times in ${withinMs / 60_000} minutes and changed again each time; it is left alone until the next release.`;
    plan.conflicts.push({ ...found, fought, message });
  } else if (compared.apply) plan.correct.push({ ...found, fought });
  // Its kind is not known: its definition comes first.
  else plan.later.push({ ...found, afterMs: goingMs });
}

/** What corrections are counted by; a removed object is one field. */
export const pathsOf = ({ change, fields }: Pick<Found, 'change' | 'fields'>): string[] =>
  change === 'changed' ? fields.map(({ path }) => path) : [''];

/** The times at which a path was corrected lately. */
export const recent = ({ corrections }: Pick<Known, 'corrections'>, path: string, now: number): string[] =>
  (corrections[path] ?? []).filter((time) => now - Date.parse(time) < withinMs);

/** The same fields, whatever values they have by now: who writes the time into one is no news each time. */
const isSame = (before: Known, found: Found): boolean =>
  before.change === found.change && pathsOf(before).join('\n') === pathsOf(found).join('\n');
