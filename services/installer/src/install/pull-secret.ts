import type { InstallRow, InstallStateName } from '../database.ts';
import type { ApplyResult } from '../kubernetes/port.ts';
import { recordApplied } from '../release/store.ts';
import { namespaceSettings } from './namespace-settings.ts';
import { targetOf, type Found, type RunDeps, type StepDeps } from './steps.ts';

/** Some registries give sign-ins for an hour or less: they are renewed when so much of their time is over. */
const renewedAfter = 0.8;
/** A renewal that does not succeed is tried again after so long. */
const retryMs = 60_000;

/** States in which pods may have to pull an image. */
const pulling = new Set<InstallStateName>(['deploying', 'updating', 'running', 'degraded', 'reviving']);

/** Sets the namespace up: quota, limits, network policy, and the pull secret with sign-ins as they are now. */
export async function prepared(
  row: InstallRow,
  deps: Pick<StepDeps, 'engine' | 'catalog' | 'clusters'>,
  signal: AbortSignal,
): Promise<{ result: ApplyResult; change: Pick<InstallRow, 'pull_secret' | 'pull_secret_until'> }> {
  const { settings, expiresAt } = await namespaceSettings(row, deps);
  const result = await deps.engine.prepareNamespace(
    targetOf(row),
    { ...settings, existing: row.adopted },
    signal,
  );
  const until = expiresAt && new Date(Date.now() + renewedAfter * (expiresAt.getTime() - Date.now()));
  return {
    result,
    change: { pull_secret: settings.registries !== undefined, pull_secret_until: until ?? null },
  };
}

/** How long until the sign-ins of its registries are to be renewed; undefined when they need not be. */
export const renewalIn = (row: InstallRow): number | undefined =>
  row.pull_secret_until === null || row.wanted === 'absent' || !pulling.has(row.state)
    ? undefined
    : Math.max(0, row.pull_secret_until.getTime() - Date.now());

/** Renews them. An install that runs is not failed by it: what it has may still do. */
export async function renewPullSecret(row: InstallRow, deps: RunDeps, signal: AbortSignal): Promise<Found> {
  const { result, change } = await prepared(row, deps, signal);
  const record: Found['record'] = (tx) => recordApplied(tx, row, result.applied);
  if (result.failure) {
    deps.logger.warn({ installId: row.id, err: result.failure }, 'the pull secret cannot be renewed');
    const later = new Date(Date.now() + retryMs);
    return { do: 'go', step: row.step, record, change: { pull_secret_until: later } };
  }
  return { do: 'go', step: row.step, record, change };
}
