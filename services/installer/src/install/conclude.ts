import { publish } from '@cnap/events';
import type { Updateable } from 'kysely';
import type { InstallRow, Tables, Tx } from '../database.ts';
import { changeRelease } from '../release/store.ts';
import { withCondition } from './conditions.ts';
import { installFact } from './event.ts';
import { changeInstall, lockInstall, moveInstall } from './store.ts';
import type { Found, Next } from './steps.ts';
import { giveUpUpdate } from './update.ts';

type Change = Updateable<Tables['installs']>;
type Failure = Extract<Found, { do: 'fail' }>;

/**
 * Writes what a step led to, unless somebody has changed the install's mind meanwhile (a removal began while a step
 * was under way, or its cluster was forgotten): then only what the step did on the cluster is recorded.
 * @returns the install as it is now, and what was found; undefined when it does not count any more
 */
export async function conclude(
  tx: Tx,
  row: InstallRow,
  next: Next,
): Promise<{ now: InstallRow | undefined; found?: Found }> {
  const before = await lockInstall(tx, row.id);
  if (next.do !== 'decide') await next.record?.(tx);
  if (!before || before.wanted !== row.wanted || before.detached_uid !== row.detached_uid)
    return { now: before };
  const told = next.do === 'decide' ? await next.decide(tx) : next;
  // An update that fails is undone; a first deployment that fails has nothing to go back to.
  const undo = told.do === 'fail' && before.state === 'updating' ? told : undefined;
  const found = undo ? giveUpUpdate(before, undo) : told;
  if (undo && before.release_id !== null && before.release_id !== before.healthy_release_id) {
    await changeRelease(tx, before.release_id, { state: 'failed', message: undo.message });
  }
  await found.also?.(tx);
  const moved = movedTo(before, row, found);
  const change = {
    ...wordsOf(before, found),
    ...found.change,
    ...(found.do === 'fail' ? failed(row, found) : {}),
  };
  if (Object.keys(change).length === 0) {
    return { found, now: moved ? await moveInstall(tx, row.id, moved) : before };
  }
  const isProgress = !('state' in change) && !('message' in change);
  const now = await changeInstall(tx, row.id, { ...moved, ...change }, { quietly: isProgress });
  if (found.do === 'fail' && row.release_id !== null) {
    await changeRelease(tx, row.release_id, { state: 'failed', message: found.message });
  }
  const fact = found.do === 'fail' ? 'failed' : found.fact;
  if (fact) await publish(tx, installFact(fact, now));
  return { found, now };
}

/** Where the install stands now; steps that had nothing to do may lie between that and what is stored. */
function movedTo(before: InstallRow, row: InstallRow, found: Found): Change | undefined {
  const step = found.do === 'go' ? found.step : found.do === 'fail' ? 'none' : row.step;
  if (step === before.step) return undefined;
  return { step, step_at: new Date(), progress_in_step: '{}' };
}

/** Words for people: why it waits; gone when it goes on. */
function wordsOf(before: InstallRow, found: Found): Change {
  if (found.do === 'wait' && found.why !== undefined && found.why !== before.message) {
    return { message: found.why };
  }
  const goesOn =
    found.do === 'go' &&
    found.step !== before.step &&
    (before.state === 'deploying' || before.state === 'updating');
  return goesOn && before.message !== '' ? { message: '' } : {};
}

function failed(row: InstallRow, { reason, message }: Failure): Change {
  const aspect = row.release_id === null ? 'Rendered' : 'Applied';
  return { state: 'failed', reason, message, conditions: withCondition(row, aspect, false, reason, message) };
}
