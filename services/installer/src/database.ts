import type { ObjectRef } from '@cnap/kubernetes';
import type { Database as OpenDatabase, Tx as OpenTx } from '@cnap/postgres';
import type { ColumnType, Generated, JSONColumnType, Selectable } from 'kysely';
import type { HookProgress, InventoryEntry, Remembered } from './kubernetes/port.ts';

type CreatedAt = ColumnType<Date, never, never>;

export type InstallStateName =
  | 'pending'
  | 'placing'
  | 'deploying'
  | 'running'
  | 'updating'
  | 'degraded'
  | 'hibernating'
  | 'hibernated'
  | 'reviving'
  | 'failed'
  | 'deleting'
  | 'deleted'
  | 'detached';

/** Which new packages of its template an install moves to by itself. */
export type UpdatePolicyName = 'manual' | 'patch' | 'all';

/** What is done when somebody changes or removes what an install applied. */
export type DriftPolicyName = 'correct' | 'warn';

/** What is done with an object when one of its immutable fields changes. */
export type ReplacePolicyName = 'fail' | 'replace';

/** What is done next; the order of a deployment or an update, then of a deletion. */
export type StepName =
  | 'package'
  | 'place'
  | 'render'
  | 'namespace'
  | 'crds'
  | 'pre-install'
  | 'objects'
  | 'post-install'
  | 'health'
  | 'prune'
  | 'hibernate'
  | 'revive'
  | 'pre-delete'
  | 'remove-objects'
  | 'post-delete'
  | 'keep-volumes'
  | 'remove-namespace'
  | 'none';

/** What a step remembers between two turns; `said`: what a hook said when it failed. */
export type StepProgress = { objects?: number; hooks?: HookProgress; hookRun?: number; said?: string };

export type Condition = { type: string; met: boolean; reason: string; message: string; time: string };
export type Workload = { kind: string; name: string; ready: boolean; message: string };
export type Endpoint = { url: string; kind: string; ready: boolean };
export type Output = { title: string; value: string; secret: boolean };
export type Judgement = { clusterId: string; chosen: boolean; message: string };
export type Needs = { cpuMillis: number; memoryBytes: number; pods: number };

/** What of the product matters for the life of an install, as it was when the install was made. */
export type ProductColumn = {
  clusterIds: string[];
  podSecurity: 'privileged' | 'baseline' | 'restricted';
  ownerLogsOff: boolean;
  /** Absent in installs made before there were shells: off. */
  ownerExecOn?: boolean;
  retainVolumesDays: number;
  /** How long an update may take to become healthy; 10 minutes unless told. */
  healthDeadlineMs?: number;
  outputs: { title: string; secret: boolean; text?: string; secretKey?: string }[];
  /** Values that the product fixes, by source alias. */
  values: Record<string, unknown>;
  /** Where each input lands. */
  inputs: { name: string; alias: string; path: string; fill: InputFillName; secret: boolean }[];
};
export type InputFillName = 'buyer' | 'host' | 'password' | 'seats' | 'install_id' | 'namespace';

type InstallsTable = {
  id: string;
  workspace_id: string;
  seller_workspace_id: string;
  name: string;
  product_id: string | null;
  template_id: string;
  order_id: string | null;
  idempotency_key: string | null;
  region_id: string;
  cluster_id: string | null;
  namespace: string | null;
  release_name: string;
  package_id: string;
  package_version: string;
  package_digest: string;
  product: JSONColumnType<ProductColumn>;
  needs: JSONColumnType<Needs>;
  wanted: Generated<'present' | 'absent'>;
  state: Generated<InstallStateName>;
  step: Generated<StepName>;
  progress_in_step: ColumnType<StepProgress, string | undefined, string>;
  reason: Generated<string>;
  message: Generated<string>;
  conditions: ColumnType<Condition[], string | undefined, string>;
  objects_applied: Generated<number>;
  objects_total: Generated<number>;
  workloads: ColumnType<Workload[], string | undefined, string>;
  endpoints: ColumnType<Endpoint[], string | undefined, string>;
  placement: ColumnType<Judgement[], string | undefined, string>;
  /** Whether its pods need the namespace's pull secret. */
  pull_secret: Generated<boolean>;
  /** When it is to be made anew, as its sign-ins end to work; null: never. */
  pull_secret_until: ColumnType<Date | null, Date | null | undefined, Date | null>;
  sealed_inputs: Uint8Array;
  public_inputs: JSONColumnType<Record<string, unknown>>;
  sealed_outputs: Uint8Array | null;
  notes: Generated<string>;
  release_id: string | null;
  revision: Generated<number>;
  /** Helm values of this install alone, by source id. */
  sealed_overrides: Uint8Array | null;
  update_policy: Generated<UpdatePolicyName>;
  drift_policy: Generated<DriftPolicyName>;
  replace_policy: Generated<ReplacePolicyName>;
  /** It was a release of Helm: its namespace is not the platform's, and stays. */
  adopted: Generated<boolean>;
  /** The package that it is to run and that may still be in the making. */
  package_wanted: string | null;
  /** Something that a release is made of has changed since the last one was rendered. */
  update_wanted: Generated<boolean>;
  update_began_at: ColumnType<Date | null, never, Date | null>;
  /** The release whose manifests the next one applies, in place of rendering. */
  rollback_to: string | null;
  /** Why it goes back by itself; empty when somebody chose to. */
  rollback_reason: Generated<string>;
  /** The last release that became healthy. */
  healthy_release_id: string | null;
  /** Its operator wants it to sleep. */
  asleep_for_operator: Generated<boolean>;
  /** Its order is not paid. */
  asleep_for_order: Generated<boolean>;
  /** The order's version that last said whether it is paid. */
  order_version: Generated<string>;
  /** What everything had that was put to sleep, until it has it again. */
  remembered: ColumnType<Remembered[], string | undefined, string>;
  /** Its cluster is forgotten, and may be known again by this. */
  detached_uid: string | null;
  /** What it was before. */
  detached_from: InstallStateName | null;
  traceparent: string | null;
  version: ColumnType<string, never, unknown>;
  created_at: CreatedAt;
  updated_at: ColumnType<Date, never, Date>;
  step_at: ColumnType<Date, never, Date>;
  ready_at: ColumnType<Date | null, never, Date | null>;
  deleted_at: ColumnType<Date | null, never, Date | null>;
};

export type ReleaseStateName = 'applying' | 'healthy' | 'failed' | 'superseded';
export type ReleaseObjectColumn = { apiVersion: string; kind: string; namespace: string; name: string };

type ReleasesTable = {
  id: string;
  install_id: string;
  workspace_id: string;
  seller_workspace_id: string;
  revision: number;
  package_id: string;
  package_version: string;
  state: ReleaseStateName;
  message: Generated<string>;
  objects: JSONColumnType<ReleaseObjectColumn[]>;
  sealed_manifests: Uint8Array;
  sealed_overrides: Uint8Array | null;
  created_at: CreatedAt;
};

type InventoryTable = {
  install_id: string;
  workspace_id: string;
  seller_workspace_id: string;
  object_key: string;
  position: Generated<string>;
  entry: JSONColumnType<InventoryEntry>;
  /** Of the last release that planned the object; null: the platform's own, or a hook's. */
  revision: number | null;
};

type RemovedObjectsTable = Omit<InventoryTable, 'revision'> & {
  outcome: string;
  removed_at: Generated<Date>;
};

/** `corrected` and `restored` (by somebody else) are over; `conflict`: something insists, and is left alone. */
export type DriftStateName = 'detected' | 'conflict' | 'corrected' | 'restored';
/** A field that is not as it was applied; values as they are shown. */
export type DriftField = { path: string; found?: string; wanted?: string; manager: string };

type DriftsTable = {
  install_id: string;
  workspace_id: string;
  seller_workspace_id: string;
  object_key: string;
  ref: JSONColumnType<ObjectRef>;
  state: DriftStateName;
  change: 'changed' | 'removed' | 'taken';
  fields: JSONColumnType<DriftField[]>;
  message: Generated<string>;
  /** Paths that were corrected too often. */
  fought: ColumnType<string[], string | undefined, string>;
  /** When each path was corrected lately. */
  corrections: ColumnType<Record<string, string[]>, string | undefined, string>;
  detected_at: ColumnType<Date, Date, Date>;
  ended_at: ColumnType<Date | null, Date | null, Date | null>;
  /** When to look at it again. */
  look_at: ColumnType<Date, Date, Date>;
};

/** Clusters by the uid of their kube-system, which stays when they are imported again. */
type KnownClustersTable = {
  workspace_id: string;
  cluster_uid: string;
  cluster_id: string;
  forgotten: boolean;
};

/** The tables of the installer's schema. */
export type Tables = {
  installs: InstallsTable;
  releases: ReleasesTable;
  inventory: InventoryTable;
  removed_objects: RemovedObjectsTable;
  drifts: DriftsTable;
  known_clusters: KnownClustersTable;
  ended_orders: { order_id: string; ended_at: Generated<Date> };
};

export type Database = OpenDatabase<Tables>;
export type Tx = OpenTx<Tables>;
export type InstallRow = Selectable<InstallsTable>;
export type ReleaseRow = Selectable<ReleasesTable>;
export type DriftRow = Selectable<DriftsTable>;
export type RemovedObjectRow = Selectable<RemovedObjectsTable>;
