import { publish } from '@cnap/events';
import { describeRef, objectKey, type KubeObject } from '@cnap/kubernetes';
import type { DriftRow, DriftStateName, InstallRow, Tx } from '../database.ts';
import { withCondition } from '../install/conditions.ts';
import { targetOf, type Found as Step, type StepDeps } from '../install/steps.ts';
import { withoutPath } from '../kubernetes/object-diff.ts';
import type { ApplyResult } from '../kubernetes/port.ts';
import { recordApplied } from '../release/store.ts';
import { driftFact } from './event.ts';
import { isOpen, pathsOf, rarelyMs, recent, type Found, type Plan } from './plan.ts';
import { changeDrift, recordDetected } from './store.ts';

type Known = ReadonlyMap<string, DriftRow>;

/** Does what was planned, and says what to write; undefined when nothing has happened. */
export async function act(
  row: InstallRow,
  plan: Plan,
  known: Known,
  { engine }: StepDeps,
  signal: AbortSignal,
): Promise<Step | undefined> {
  const told = [plan.detected, plan.correct, plan.conflicts, plan.later, plan.over].some(
    (some) => some.length > 0,
  );
  if (!told && plan.quietly.length === 0) {
    if (plan.accepted.length === 0) return undefined;
    return { do: 'go', step: row.step, record: (tx) => recordApplied(tx, row, plan.accepted) };
  }
  // What is new is written down before anything is done about it.
  const objects = plan.detected.length > 0 ? [] : correctionsOf(plan);
  const result: ApplyResult =
    objects.length > 0
      ? await engine.correctObjects(targetOf(row), objects, signal)
      : { applied: [], warnings: [] };
  const applied = new Set(result.applied.map(objectKey));
  const corrected = plan.correct.filter((one) => applied.has(one.key));
  const failed = plan.detected.length > 0 ? [] : plan.correct.filter((one) => !applied.has(one.key));
  const done: Done = { corrected, failed, why: result.failure?.message ?? '' };
  if (objects.length > 0 && !told && applied.size === 0) {
    // The ownership of a field is not worth more than another try when something happens.
    return undefined;
  }
  return {
    do: 'go',
    step: row.step,
    record: (tx) => recordApplied(tx, row, [...plan.accepted, ...result.applied]),
    async also(tx) {
      await write(tx, row, plan, known, done);
      if (plan.detected.length > 0) await publish(tx, await driftFact(tx, 'detected', row, plan.detected));
      if (corrected.length > 0) await publish(tx, await driftFact(tx, 'corrected', row, corrected));
    },
    ...(told ? { change: { conditions: conditionOf(row, statesAfter(plan, known, done), done) } } : {}),
  };
}

type Done = { corrected: Plan['correct']; failed: Plan['correct']; why: string };

/** Without the fields that somebody else insists on: applying leaves them alone. */
const correctionsOf = (plan: Plan): KubeObject[] => [
  ...plan.correct.flatMap(({ compared: { apply, changes }, fought }) =>
    apply === undefined
      ? []
      : [
          changes
            .filter(({ path }) => fought.includes(path))
            .reduce((object, { steps }) => withoutPath(object, steps), apply),
        ],
  ),
  ...plan.quietly.flatMap(({ apply }) => apply ?? []),
];

async function write(tx: Tx, row: InstallRow, plan: Plan, known: Known, done: Done): Promise<void> {
  const now = new Date();
  const soon = (ms: number) => new Date(now.getTime() + ms);
  const change = (key: string, to: Parameters<typeof changeDrift>[3]) => changeDrift(tx, row.id, key, to);
  for (const one of plan.detected) {
    await recordDetected(tx, row, one, row.drift_policy === 'correct' ? now : soon(rarelyMs));
  }
  for (const one of done.corrected) {
    const fought = one.fought.length > 0;
    await change(one.key, {
      state: fought ? 'conflict' : 'corrected',
      message: '',
      fought: JSON.stringify(one.fought),
      corrections: JSON.stringify(counted(one, known.get(one.key), now)),
      ...(fought ? { look_at: soon(rarelyMs) } : { ended_at: now }),
    });
  }
  for (const one of done.failed) {
    await change(one.key, { message: done.why, look_at: soon(rarelyMs) });
  }
  for (const one of plan.conflicts) {
    const { fought, message, fields } = one;
    const said = { fought: JSON.stringify(fought), message, fields: JSON.stringify(fields) };
    await change(one.key, { ...said, state: 'conflict', look_at: soon(rarelyMs) });
  }
  for (const one of plan.later) {
    const { fields, message, afterMs } = one;
    const said = message === undefined ? {} : { message };
    await change(one.key, { fields: JSON.stringify(fields), look_at: soon(afterMs), ...said });
  }
  for (const key of plan.over) {
    await change(key, { state: 'restored', message: '', fought: '[]', ended_at: now });
  }
}

/** When each path was corrected, this time included. */
function counted(
  one: Plan['correct'][number],
  before: DriftRow | undefined,
  now: Date,
): Record<string, string[]> {
  const paths = new Set([...pathsOf(one), ...Object.keys(before?.corrections ?? {})]);
  const isNew = new Set(pathsOf(one).filter((path) => !one.fought.includes(path)));
  const times = [...paths].map((path): [string, string[]] => [
    path,
    [...(before ? recent(before, path, now.getTime()) : []), ...(isNew.has(path) ? [now.toISOString()] : [])],
  ]);
  return Object.fromEntries(times.filter(([, some]) => some.length > 0));
}

type State = { state: DriftStateName; ref: DriftRow['ref'] };

function statesAfter(plan: Plan, known: Known, { corrected }: Done): State[] {
  const states = new Map<string, State>([...known].map(([key, { state, ref }]) => [key, { state, ref }]));
  const set = (one: Found, state: DriftStateName) => states.set(one.key, { state, ref: one.compared.ref });
  for (const one of plan.detected) set(one, 'detected');
  for (const one of plan.conflicts) set(one, 'conflict');
  for (const one of corrected) set(one, one.fought.length > 0 ? 'conflict' : 'corrected');
  for (const key of plan.over) states.delete(key);
  return [...states.values()].filter(isOpen);
}

function conditionOf(row: InstallRow, open: readonly State[], { why }: Done): string {
  if (open.length === 0) {
    return withCondition(row, 'Drifted', false, '', 'Everything is as it was applied.');
  }
  const conflict = open.some(({ state }) => state === 'conflict');
  const reason = why !== '' ? 'CorrectionFailed' : conflict ? 'Conflict' : 'Changed';
  const named = open.slice(0, 3).map(({ ref }) => describeRef(ref));
  const rest = open.length > 3 ? ` and ${open.length - 3} more` : '';
  const what = `${named.join(', ')}${rest} ${open.length === 1 ? 'is' : 'are'} not as applied.`;
  const words = conflict ? `${what} Something else insists on it, and is left alone.` : what;
  return withCondition(row, 'Drifted', true, reason, why === '' ? words : `${words} ${why}`);
}
