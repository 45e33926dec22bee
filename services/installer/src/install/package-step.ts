import { withCondition } from './conditions.ts';
import { pauseFor, type Found, type RunDeps, type Step } from './steps.ts';
import type { InstallRow } from '../database.ts';

/** Waits for the package that the install is to run; it is being built by the catalog. */
async function wantedPackage(
  row: InstallRow,
  { catalog }: RunDeps,
): Promise<Found | { change: NonNullable<Found['change']> }> {
  const id = row.package_wanted ?? row.package_id;
  const pack = await catalog.package(id);
  if (pack.state === 'building') {
    return {
      do: 'wait',
      afterMs: pauseFor(row),
      why: row.step === 'package' ? 'Its package is being built.' : undefined,
    };
  }
  if (pack.state === 'failed') {
    return {
      do: 'fail',
      reason: 'PACKAGE_FAILED',
      message: pack.stateMessage || 'The package could not be built.',
    };
  }
  return {
    change: {
      package_id: pack.id,
      package_version: pack.version,
      package_digest: pack.digest,
      package_wanted: null,
      needs: JSON.stringify(pack.needs),
    },
  };
}

/** The first step of an install whose template was made with it. */
export const awaitPackage: Step = async (row, deps) => {
  const found = await wantedPackage(row, deps);
  return 'do' in found ? found : { do: 'go', step: 'place', ...found };
};

/** A running install moves to a package as soon as it is ready; when it is never, it stays as it is and says so. */
export async function movePackage(row: InstallRow, deps: RunDeps): Promise<Found> {
  const found = await wantedPackage(row, deps);
  if (!('do' in found))
    return {
      do: 'go',
      step: row.step,
      change: { ...found.change, update_wanted: true, rollback_to: null, rollback_reason: '' },
    };
  if (found.do !== 'fail') return found;
  const { reason, message } = found;
  return {
    do: 'go',
    step: row.step,
    change: { package_wanted: null, conditions: withCondition(row, 'Updated', false, reason, message) },
  };
}
