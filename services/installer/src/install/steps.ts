import type { renderChart } from '@cnap/helm';
import type { Logger } from '@cnap/telemetry';
import type { Keyring } from '@cnap/secrets';
import type { Updateable } from 'kysely';
import type { Database, InstallRow, StepName, Tables, Tx } from '../database.ts';
import type { Engine, Target } from '../kubernetes/port.ts';
import type { Inventory } from '../release/inventory.ts';
import type { Manifests, OpenedOnce } from '../release/manifests.ts';
import type { InstallFactName } from './event.ts';
import type { ReachOf } from '../placement/reach.ts';
import type { Catalog, Clusters } from './port.ts';

/** What the steps of an install work with. */
export type StepDeps = {
  db: Database;
  keyring: Keyring;
  engine: Engine;
  catalog: Catalog;
  clusters: Clusters;
  logger: Logger;
  renderChart: typeof renderChart;
  reachOf: ReachOf;
};

/** What the steps of one run work with: what was opened once need not be opened again. */
export type RunDeps = StepDeps & {
  /** Exactly what the install's current release applies; nothing when it has none. */
  manifests(row: InstallRow): Promise<Manifests>;
  /** Of a release that this step makes. */
  keepManifests: OpenedOnce['keep'];
  inventory: Inventory;
};

type Written = {
  /** What is on the cluster by now: written whatever happened to the install meanwhile. */
  record?: (tx: Tx) => Promise<void>;
  /** Written in the same transaction, unless somebody has changed the install's mind meanwhile. */
  change?: Updateable<Tables['installs']>;
  also?: (tx: Tx) => Promise<void>;
  /** The fact that this change is. */
  fact?: InstallFactName;
};

/** What a step found out. */
export type Found =
  /** Go on with the step it names. */
  | ({
      do: 'go';
      step: StepName;
      /** Nothing was done, only seen, and it would be seen again: it is written with what the next step leads to. */
      isOnlySeen?: true;
    } & Written)
  /** Look again later; `why` is shown to people, and is left as it is when undefined. */
  | ({ do: 'wait'; afterMs: number; why: string | undefined } & Written)
  /** Trying again cannot help. */
  | ({ do: 'fail'; reason: string; message: string } & Written)
  /** At rest. */
  | ({ do: 'rest' } & Written);

/** What a step leads to; `decide` when that hangs on what others do at the same time. */
export type Next = Found | { do: 'decide'; decide: (tx: Tx) => Promise<Found> };

export type Step = (row: InstallRow, deps: RunDeps, signal: AbortSignal) => Promise<Next>;

/** Where an install is on its cluster; only for one that has been placed. */
export function targetOf(row: InstallRow): Target {
  if (row.cluster_id === null || row.namespace === null) throw new Error(`${row.id} has not been placed`);
  return {
    clusterId: row.cluster_id,
    installId: row.id,
    namespace: row.namespace,
    releaseName: row.release_name,
    ...(row.adopted ? { existing: true } : {}),
  };
}

/** Looks again quickly at first, then ever more rarely; watches wake it in between. */
export function pauseFor(row: InstallRow, now = Date.now()): number {
  const age = now - row.step_at.getTime();
  if (age < 1_000) return 100;
  if (age < 30_000) return 1_000;
  return age < 300_000 ? 5_000 : 30_000;
}
