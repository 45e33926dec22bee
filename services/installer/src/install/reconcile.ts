import { messageOf } from '@cnap/errors';
import { done, requeueAfter, type Outcome, type Reconcile, type ReconcileContext } from '@cnap/reconcile';
import { withTrace } from '@cnap/telemetry';
import { ClusterUnavailable } from '../cluster/cluster-unavailable.ts';
import { detachedTurn } from '../cluster/detached.ts';
import type { InstallRow, StepName, Tx } from '../database.ts';
import { driftWatched, lookForDrift } from '../drift/look.ts';
import { readOnce } from '../release/inventory.ts';
import { openedOnce } from '../release/manifests.ts';
import { loadCurrent, loadRelease } from '../release/store.ts';
import { applySteps } from './apply-steps.ts';
import { conclude } from './conclude.ts';
import { withCondition } from './conditions.ts';
import { becomeRunning, deployHealth, runningHealth } from './health-step.ts';
import { becomeAwake, hibernateSteps } from './hibernate-steps.ts';
import { turnOf } from './hibernation.ts';
import { hookSteps } from './hook-step.ts';
import { awaitPackage, movePackage } from './package-step.ts';
import { place } from './place-step.ts';
import { prune } from './prune-step.ts';
import { removeSteps } from './remove-steps.ts';
import { renewalIn, renewPullSecret } from './pull-secret.ts';
import { render } from './render-step.ts';
import { loadInstall } from './store.ts';
import type { Found, Next, RunDeps, Step, StepDeps } from './steps.ts';
import { mayBegin, startUpdate } from './update.ts';

const steps: Partial<Record<StepName, Step>> = {
  package: awaitPackage,
  place,
  render,
  prune,
  health: deployHealth,
  ...applySteps,
  ...hookSteps,
  ...hibernateSteps,
  ...removeSteps,
};
type Change = NonNullable<Found['change']>;

/** Steps at which an install may stay for long while its pods pull images. */
const whereItRests = new Set<StepName>(['none', 'health', 'revive']);
/** A run ends after so many steps, so that others get their turn. */
const stepsPerRun = 60;
/** A step that failed after others went well is tried again after so long; after that the pauses grow. */
const retryMs = 100;

/** Brings an install to its wanted state, one external step at a time; each is written before the next begins. */
export const reconcileInstall =
  (deps: StepDeps): Reconcile =>
  async (context) => {
    const { acrossWorkspaces } = deps.db;
    const opened = openedOnce(deps.keyring, (id) => acrossWorkspaces((tx) => loadRelease(tx, id)));
    const run: RunDeps = {
      ...deps,
      manifests: opened.of,
      keepManifests: opened.keep,
      inventory: readOnce((row, tx) =>
        tx ? loadCurrent(tx, row) : acrossWorkspaces((own) => loadCurrent(own, row)),
      ),
    };
    let row = await deps.db.acrossWorkspaces((tx) => loadInstall(tx, context.key));
    let progress = false;
    let seen: Change = {};
    for (let count = 0; row && count < stepsPerRun; count += 1) {
      const { traceparent } = row;
      const before = row;
      const turned = await withTrace(traceparent ?? undefined, () => turn(before, seen, run, context)).catch(
        (error: unknown) => {
          if (!progress || context.signal.aborted) throw error;
          deps.logger.warn({ installId: before.id, step: before.step, err: error }, 'a step is tried again');
          return requeueAfter(retryMs, messageOf(error));
        },
      );
      if ('outcome' in turned) return turned;
      row = turned.row;
      seen = turned.seen;
      progress ||= turned.written;
    }
    return row ? requeueAfter(0) : done;
  };

/** One step: how the run ends, or the install as it is now, to go on with. */
async function turn(
  row: InstallRow,
  seen: Change,
  deps: RunDeps,
  context: ReconcileContext,
): Promise<Outcome | { row: InstallRow | undefined; seen: Change; written: boolean }> {
  const next = await nextOf(row, deps, context.signal).catch((error: unknown) => waitFor(error, row, deps));
  // Nothing to do in this step and nothing to write: the next one's result is written with where it stands.
  if (
    next.do === 'go' &&
    next.step !== row.step &&
    !next.record &&
    (!next.change || next.isOnlySeen) &&
    !next.also
  ) {
    const moved = { step: next.step, step_at: new Date(), progress_in_step: {} };
    return {
      row: { ...row, ...asRead(next.change ?? {}), ...moved },
      seen: { ...seen, ...next.change },
      written: false,
    };
  }
  // Nothing has changed, and nobody changes an install's mind without waking it.
  if (next.do !== 'decide' && isNothing(next)) return outcomeOf(next);
  const { found, now } = await context.write((tx: Tx) => conclude(tx, row, withSeen(next, seen)));
  if (next.do === 'decide' || next.record || next.also) deps.inventory.changed();
  if (!found || found.do === 'go') return { row: now, seen: {}, written: true };
  return outcomeOf(found);
}

/** What earlier steps of this run have seen, and what this one led to. */
function withSeen(next: Next, seen: Change): Next {
  if (Object.keys(seen).length === 0 || next.do === 'decide') return next;
  return { ...next, change: { ...seen, ...next.change } };
}

/** As the row would be read after the change; the columns that are seen are JSON. */
const asRead = (change: Change): Partial<InstallRow> =>
  Object.fromEntries(
    Object.entries(change).map(([column, value]) => [column, JSON.parse(String(value)) as unknown]),
  );

const outcomeOf = (found: Found): Outcome =>
  found.do === 'wait' ? requeueAfter(found.afterMs, found.why) : done;

/** Looked, and there is nothing to write. */
function isNothing(found: Found): boolean {
  if (found.do !== 'rest' && (found.do !== 'wait' || found.why !== undefined)) return false;
  return !found.record && !found.change && !found.also && !found.fact;
}

/** A cluster that cannot be asked is waited for. What it said names its address, which is nothing for buyers. */
function waitFor(error: unknown, row: InstallRow, { logger }: StepDeps): Found {
  if (!(error instanceof ClusterUnavailable)) throw error;
  if (error.busy) return { do: 'wait', afterMs: error.retryAfterMs, why: undefined };
  logger.debug({ installId: row.id, clusterId: error.clusterId, err: error }, 'the cluster is waited for');
  return {
    do: 'wait',
    afterMs: error.retryAfterMs,
    why: error.webhook
      ? `The cluster’s webhook ${error.webhook} does not answer at the moment; this goes on by itself when it does.`
      : 'The cluster does not answer at the moment; this goes on by itself when it does.',
  };
}

async function nextOf(row: InstallRow, deps: RunDeps, signal: AbortSignal): Promise<Next> {
  const turned = detachedTurn(row) ?? turnOf(row);
  if (turned) return turned;
  if (mayBegin(row)) {
    if (row.update_wanted) return startUpdate(row);
    const moved = row.package_wanted === null ? undefined : await movePackage(row, deps);
    // While the package is in the making, the install is looked after as ever.
    if (moved && (moved.do !== 'wait' || row.state === 'failed')) return moved;
    if (moved) return atLeast(await usual(row, deps, signal), moved.afterMs);
  }
  return usual(row, deps, signal);
}

async function usual(row: InstallRow, deps: RunDeps, signal: AbortSignal): Promise<Next> {
  const renewMs = renewalIn(row);
  if (renewMs === 0 && whereItRests.has(row.step)) return renewPullSecret(row, deps, signal);
  return again(await byStep(row, deps, signal), renewMs);
}

async function byStep(row: InstallRow, deps: RunDeps, signal: AbortSignal): Promise<Next> {
  const step = steps[row.step];
  if (step) return step(row, deps, signal);
  if (row.wanted === 'absent') return becomeDeleted(row);
  if (row.state === 'deploying' || row.state === 'updating') {
    return again(await becomeRunning(row, deps), await driftWatched(row, deps));
  }
  if (row.state === 'reviving') return again(await becomeAwake(row, deps), await driftWatched(row, deps));
  if (row.state === 'running' || row.state === 'degraded') return lookAfter(row, deps, signal);
  return { do: 'rest' };
}

/** What runs: as it was applied, then healthy. */
async function lookAfter(row: InstallRow, deps: RunDeps, signal: AbortSignal): Promise<Next> {
  const looked = await lookForDrift(row, deps, signal);
  if ('next' in looked) return looked.next;
  return again(await runningHealth(row, deps, signal), looked.lookAgainMs);
}

const again = (next: Next, afterMs: number | undefined): Next =>
  afterMs === undefined ? next : atLeast(next, afterMs);

/** What would rest looks again after so long. */
function atLeast(next: Next, afterMs: number): Next {
  if (next.do === 'rest') return { ...next, do: 'wait', afterMs, why: undefined };
  return next.do === 'wait' ? { ...next, afterMs: Math.min(afterMs, next.afterMs) } : next;
}

function becomeDeleted(row: InstallRow): Found {
  if (row.state === 'deleted') return { do: 'rest' };
  return {
    do: 'rest',
    change: {
      state: 'deleted',
      deleted_at: new Date(),
      conditions: withCondition(row, 'Removed', true, '', 'Nothing is left on the cluster.'),
    },
    fact: 'deleted',
  };
}
