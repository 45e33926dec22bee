import { DomainError, messageOf } from '@cnap/errors';
import { publish } from '@cnap/events';
import type { Database, Tx } from '@cnap/postgres';
import {
  done,
  type Outcome,
  permanently,
  type Reconcile,
  type ReconcileContext,
  requeueAfter,
} from '@cnap/reconcile';
import { withTrace } from '@cnap/telemetry';
import type { ArtifactStore } from '../artifact/port.ts';
import type { CatalogDatabase, PackageRow, Part } from '../database.ts';
import { archivesOf, dropArchives, keepArchive } from './archive-store.ts';
import { packageFailed } from './event.ts';
import { finishReady, finishSame } from './finish.ts';
import { log } from './log-store.ts';
import { describePart, nextStep, stateDuring, type Step } from './plan.ts';
import { bundleParts, fetchPart, resolvePart, type StepDeps, verifyBundle, withPart } from './steps.ts';
import { findByDigest, findPackage, PackageChanged, updatePackage } from './store.ts';

type Deps = StepDeps & { db: Database<CatalogDatabase>; artifacts: ArtifactStore };
type Run = { deps: Deps; context: ReconcileContext; row: PackageRow };

/** Builds a package, one step a turn. */
export const reconcilePackage =
  (deps: Deps): Reconcile =>
  async (context) => {
    const row = await deps.db.acrossWorkspaces((tx) => findPackage(tx, context.key));
    if (row === undefined) return done;
    return withTrace(row.traceparent ?? undefined, () => takeStep({ deps, context, row }));
  };

async function takeStep({ deps, context, row: found }: Run): Promise<Outcome> {
  const step = nextStep(found);
  const state = stateDuring(step);
  if (step.do === 'nothing') return done;
  const part = 'part' in step ? step.part : undefined;
  let row = found;
  try {
    if (state !== undefined && state !== row.state) {
      row = await write(context, (tx) => updatePackage(tx, row, { state, stateMessage: '' }));
    }
    return await act({ deps, context, row }, step);
  } catch (error) {
    if (error instanceof PackageChanged) return requeueAfter(0);
    if (!(error instanceof DomainError) || error.kind === 'internal') throw error;
    return onFailure({ deps, context, row }, part, error);
  }
}

async function act(run: Run, step: Step): Promise<Outcome> {
  const { deps, context, row } = run;
  const { signal } = context;
  switch (step.do) {
    case 'resolve': {
      const parts = await resolvePart(deps, row, step.part, signal);
      const resolved = parts.find(({ key }) => key === step.part.key)?.resolved;
      const digest = resolved?.digest === undefined ? 'no digest in the index' : `sha256:${resolved.digest}`;
      const line = `${describePart(step.part)}: ${step.part.chart} ${resolved?.version ?? ''} (${digest})`;
      return keep(run, line, (tx) => updatePackage(tx, row, { parts, stateMessage: '' }));
    }
    case 'fetch': {
      const { bytes, parts, added } = await fetchPart(deps, row, step.part, signal);
      const needs = added.length === 0 ? '' : `; it needs ${added.map(({ chart }) => chart).join(', ')}`;
      const line = `${describePart(step.part)}: fetched ${step.part.resolved?.url ?? ''}, ${bytes.byteLength} bytes${needs}`;
      return keep(run, line, async (tx) => {
        await updatePackage(tx, row, { parts, stateMessage: '' });
        await keepArchive(tx, row, step.part.key, bytes);
      });
    }
    case 'bundle': {
      const archives = await deps.db.acrossWorkspaces((tx) => archivesOf(tx, row.id));
      const { bytes, digest } = bundleParts(row, archives);
      const sizeBytes = bytes.byteLength;
      const same = await deps.db.acrossWorkspaces((tx) => findByDigest(tx, row.template_id, digest));
      if (same !== undefined) {
        await write(context, (tx) => finishSame(tx, row, same));
        return done;
      }
      return keep(run, `Bundled: ${digest}, ${sizeBytes} bytes`, async (tx) => {
        await deps.artifacts.put(tx, digest, bytes);
        await updatePackage(tx, row, { digest, sizeBytes, state: 'verifying', stateMessage: '' });
        await dropArchives(tx, row.id);
      });
    }
    case 'verify': {
      const artifact = await deps.artifacts.get(row.digest ?? '', signal);
      const inspection = await verifyBundle(deps, row, artifact, signal);
      await write(context, (tx) => finishReady(tx, row, inspection));
      return done;
    }
    case 'discard': {
      const { digest } = row;
      await write(context, async (tx) => {
        await updatePackage(tx, row, { digest: null, sizeBytes: null });
        if (digest !== null) await deps.artifacts.dropUnused(tx, [digest]);
      });
      return done;
    }
    case 'nothing':
      return done;
  }
}

/** Keeps what a step came back with; the next turn goes on from it. */
async function keep(
  { context, row }: Run,
  line: string,
  work: (tx: Tx<CatalogDatabase>) => Promise<unknown>,
): Promise<Outcome> {
  await write(context, async (tx) => {
    await work(tx);
    await log(tx, row, line);
  });
  return requeueAfter(0);
}

/** What may be better later is shown and tried again; anything else ends the build. */
async function onFailure(
  { deps, context, row }: Run,
  part: Part | undefined,
  error: DomainError,
): Promise<Outcome> {
  const text = storable(withPart(part, error.message));
  if (error.kind === 'unavailable' || error.kind === 'deadline-exceeded') {
    const message = `${text} It is tried again.`;
    if (message !== row.state_message) {
      await write(context, async (tx) => {
        await updatePackage(tx, row, { stateMessage: message });
        await log(tx, row, message);
      });
    }
    throw new Error(messageOf(error), { cause: error });
  }
  await write(context, async (tx) => {
    const nothing = { digest: null, sizeBytes: null };
    const failed = await updatePackage(tx, row, { state: 'failed', stateMessage: text, ...nothing });
    await dropArchives(tx, row.id);
    if (row.digest !== null) await deps.artifacts.dropUnused(tx, [row.digest]);
    await log(tx, row, `Failed: ${text}`);
    await publish(tx, packageFailed(failed));
  });
  return permanently(text);
}

/** Messages quote charts, and may hold anything. */
const storable = (text: string): string => text.replaceAll('\0', '').slice(0, 4_000);

const write = <T>(context: ReconcileContext, work: (tx: Tx<CatalogDatabase>) => Promise<T>): Promise<T> =>
  context.write((tx: Tx<CatalogDatabase>) => work(tx));
