import type { Logger } from '@cnap/telemetry';
import type { Keyring } from '@cnap/secrets';
import type { Database, InstallRow, StepName, Tx } from '../database.ts';
import type { Engine, Target } from '../kubernetes/port.ts';
import type { Catalog, Clusters } from './port.ts';

/** What the steps of an install work with. */
export type StepDeps = {
  db: Database;
  keyring: Keyring;
  engine: Engine;
  catalog: Catalog;
  clusters: Clusters;
  logger: Logger;
};

/** What a step leads to. */
export type Next =
  /** Write this in one transaction and go on with the step it names. */
  | { do: 'go'; step: StepName; write?: (tx: Tx) => Promise<void> }
  /** Write, then look again later; `why` is shown to people. */
  | { do: 'wait'; afterMs: number; why: string; write?: (tx: Tx) => Promise<void> }
  /** Trying again cannot help. */
  | { do: 'fail'; reason: string; message: string; write?: (tx: Tx) => Promise<void> }
  /** At rest. */
  | { do: 'rest'; write?: (tx: Tx) => Promise<void> };

export type Step = (row: InstallRow, deps: StepDeps, signal: AbortSignal) => Promise<Next>;

/** Where an install is on its cluster; only for one that has been placed. */
export function targetOf(row: InstallRow): Target {
  if (row.cluster_id === null || row.namespace === null) throw new Error(`${row.id} has not been placed`);
  return {
    clusterId: row.cluster_id,
    installId: row.id,
    namespace: row.namespace,
    releaseName: row.release_name,
  };
}

/** Looks again quickly at first, then ever more rarely; watches wake it in between. */
export function pauseFor(row: InstallRow, now = Date.now()): number {
  const age = now - row.step_at.getTime();
  if (age < 3_000) return 200;
  if (age < 30_000) return 1_000;
  return age < 300_000 ? 5_000 : 30_000;
}
