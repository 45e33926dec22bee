import type { Hook, HookEvent } from '@cnap/helm';
import type { Exec, ExecOptions, KindRef, KubeObject, ObjectRef } from '@cnap/kubernetes';
import type { PathStep } from './object-diff.ts';
import type { EventInfo, LogOptions, PodInfo } from './pod-info.ts';

/** Where an install is, and what its objects are called by. */
export type Target = {
  clusterId: string;
  installId: string;
  namespace: string;
  releaseName: string;
  /** The namespace is somebody else's, who may have more in it; see belonging.ts. */
  existing?: boolean;
};

/** How the namespace of an install is set up. */
export type NamespaceSettings = {
  /** It was there before, and is somebody else's: only logins are put into it. */
  existing?: boolean;
  podSecurity: 'privileged' | 'baseline' | 'restricted';
  /** What all pods together may use; none where absent. */
  limits?: { cpu?: string; memory?: string };
  /** Other installs may come in: it is a shared service. */
  sharedService?: boolean;
  /** The cluster's pod networks: with them, clients from outside the cluster are let in. */
  podCidrs?: string[];
  /** Logins for the registries of its images. */
  registries?: { host: string; username: string; password: string }[];
};

/**
 * An object that was applied; with an empty uid one that is about to be (write those down first, see `plannedEntry`).
 * `keep`: `helm.sh/resource-policy: keep`, left behind when the install goes. `hook`: made by a hook; has no health
 * and is not pruned. `wait`: RUNNING waits for it, whatever its kind. `signature`: see `signatureOf`, as it was when
 * it was applied; absent in entries of old.
 * `leave`: nobody minds what becomes of it; a job that has ended and removes itself is one.
 */
export type InventoryEntry = ObjectRef & {
  uid: string;
  keep?: boolean;
  hook?: boolean;
  wait?: boolean;
  signature?: string;
  leave?: boolean;
};

/** Objects that somebody may have touched, and when to ask again where no watch tells. */
export type Suspicion = { suspects: InventoryEntry[]; lookAgainMs?: number };

/** One field that is not as it was applied; `manager` is who gave it its value, as far as the cluster knows. */
export type FieldChange = {
  path: string;
  steps: PathStep[];
  found?: unknown;
  wanted?: unknown;
  manager: string;
};

/** An object on the cluster beside what was applied. */
export type Compared = {
  ref: ObjectRef;
  /** `taken`: there, but made by somebody else. `going`: being deleted. */
  found: 'same' | 'changed' | 'removed' | 'going' | 'taken';
  /** What applying it again would change; without fields that controllers own. */
  changes: FieldChange[];
  /** What the inventory should say of it from now on, when it is the same. */
  entry?: InventoryEntry | undefined;
  /** What to apply so that it is as it was; also when only the ownership of a field was lost. */
  apply?: KubeObject;
  /** Why the cluster would not have it applied. */
  refused?: string;
};

/** What a package would bring to a cluster; what has `marker` in its name is every install's own. */
export type Reach = { marker: string; crds: readonly KubeObject[]; objects: readonly KubeObject[] };

/** What stands in the way of a package on a cluster, in words for the cluster's owner. */
export type Obstacle = { reason: 'PERMISSIONS_MISSING' | 'KIND_MISSING' | 'OBJECT_TAKEN'; message: string };

/** A release as Helm keeps it; `inventory` has what it applied, and Helm's records of it. */
export type HelmRelease = {
  revision: number;
  values: Record<string, unknown>;
  objects: KubeObject[];
  hooks: Hook[];
  inventory: InventoryEntry[];
};

/** Why an object could not be applied. Permanent: trying again cannot help. */
export type ApplyFailure = {
  ref: ObjectRef;
  permanent: boolean;
  reason: string;
  message: string;
  retryAfterMs?: number;
};

/** What one step applied; `failure` where it stopped, and everything before it is in `applied`. */
export type ApplyResult = { applied: InventoryEntry[]; warnings: string[]; failure?: ApplyFailure };

/** What {@link Engine.applyCrds} found: wait and call again until `established`. */
export type CrdResult = ApplyResult & { established: boolean; waitingFor: string[] };

/** What is remembered of a run of hooks between steps; begin with `{ completed: [] }`. */
export type HookProgress = { completed: string[]; failed?: HookFailure };
/** `permanent`: why trying again cannot help; absent when it may. */
export type HookFailure = { hook: string; message: string; logs: string; permanent?: string };

/** One step of a run of hooks: store `progress`, then do what `state` says. */
export type HookStep = {
  /** `next`: call again at once; `failed` after its clean-up. */
  state: 'next' | 'waiting' | 'done' | 'failed';
  progress: HookProgress;
  message: string;
  /** For the inventory: what hooks leave behind goes with the install. */
  applied: InventoryEntry[];
};

export type Health = { state: 'current' | 'progressing' | 'failed'; message: string };
export type ObjectHealth = Health & { ref: ObjectRef; gates: boolean };

/** Health of a release: the worst of what gates it; what does not gate are `warnings`. */
export type HealthReport = Health & { objects: ObjectHealth[]; warnings: string[] };

/** Why a pod, or a workload that gets no pod, waits; in words for a buyer. */
export type Waiting = { ref: ObjectRef; reason: string; message: string };

export type RemoveResult = {
  removed: InventoryEntry[];
  /** Stays on purpose, and why. */
  kept: { entry: InventoryEntry; why: string }[];
  /** Still there: call again with these. */
  left: InventoryEntry[];
  /** What holds the ones that are being deleted: finalizers by name. */
  waiting: Waiting[];
  /** What held others too long, and was removed just now. */
  forced: Waiting[];
};

/** What {@link Engine.removeNamespace} found. */
/**
 * Since when a removal waits, and what people have been told was not waited for any longer. A finalizer that is not
 * told there is told first and removed the next time, so that a crash in between costs nobody the reason.
 */
export type Waited = { since: Date; told?: string };

export type NamespaceRemoval = { gone: boolean; waiting: Waiting[]; forced: Waiting[] };

/** What made pods before it was put to sleep, and how many; `refused`: why it cannot be. */
export type Remembered = { ref: ObjectRef; uid: string; had: number; asleep?: true; refused?: string };

/**
 * What {@link Engine.hibernate} found: store `remembered` before anything else. `next`: call again at once; `done`:
 * nothing runs any more, but for what `message` says.
 */
export type HibernateStep = {
  state: 'next' | 'waiting' | 'done';
  remembered: Remembered[];
  message: string;
};

/**
 * The installer's way to clusters. Each method is one step: it may be cut off anywhere and called again, and does not
 * wait for anything that takes time; waiting is an answer. A cluster that does not answer is a thrown
 * `ClusterUnavailable` with `retryAfterMs`, at once when it is known to be down or its budget is used up.
 */
export interface Engine extends AsyncDisposable {
  /** For rendering: Helm's Capabilities. */
  capabilities(
    clusterId: string,
    signal: AbortSignal,
  ): Promise<{ kubeVersion: string; apiVersions: string[] }>;
  /** Whether a cluster would take a package; changes nothing. */
  examine(clusterId: string, reach: Reach, signal: AbortSignal): Promise<Obstacle[]>;
  /** For rendering: a GET of the cluster's API, for charts that look up what is there. */
  readApi(clusterId: string, path: string, accept: string, signal: AbortSignal): Promise<string>;
  /** What Helm has deployed under the target's name; undefined when nothing. */
  readHelmRelease(target: Target, signal: AbortSignal): Promise<HelmRelease | undefined>;
  /** Namespace, quota, limits, network policy, pull secret. */
  prepareNamespace(target: Target, settings: NamespaceSettings, signal: AbortSignal): Promise<ApplyResult>;
  applyCrds(target: Target, crds: KubeObject[], signal: AbortSignal): Promise<CrdResult>;
  /**
   * A chunk of `installOrder`; see `chunksOf`.
   * @param options `replace`: an object whose immutable fields change is made anew; `takeOver`: what Helm applied is
   *   ours from now on
   */
  applyObjects(
    target: Target,
    objects: KubeObject[],
    signal: AbortSignal,
    options?: { registries?: boolean; replace?: boolean; takeOver?: boolean },
  ): Promise<ApplyResult>;
  /** @param run names this run (release and attempt): an object left by another run is replaced, one of this run is not */
  runHooks(
    target: Target,
    hooks: Hook[],
    event: HookEvent,
    run: string,
    progress: HookProgress,
    signal: AbortSignal,
  ): Promise<HookStep>;
  /** Asks no cluster: what its watches have told. Opens watches that are missing. */
  suspects(target: Target, inventory: readonly InventoryEntry[]): Suspicion;
  /** Compares objects with the cluster's; changes nothing. */
  compareObjects(
    target: Target,
    objects: readonly { object: KubeObject; entry: InventoryEntry }[],
    signal: AbortSignal,
    options?: { registries?: boolean },
  ): Promise<Compared[]>;
  /** Applies objects again, as {@link compareObjects} gave them. */
  correctObjects(target: Target, objects: readonly KubeObject[], signal: AbortSignal): Promise<ApplyResult>;
  observeHealth(target: Target, inventory: InventoryEntry[], signal: AbortSignal): Promise<HealthReport>;
  explainWaiting(target: Target, signal: AbortSignal): Promise<Waiting[]>;
  /** In reverse order; never waits. */
  removeObjects(
    target: Target,
    inventory: InventoryEntry[],
    signal: AbortSignal,
    waited?: Waited,
  ): Promise<RemoveResult>;
  /** Call until `gone`. `removed` lists what went with the namespace only (volume claims). */
  removeNamespace(target: Target, signal: AbortSignal, waited?: Waited): Promise<NamespaceRemoval>;
  /** Claims in the namespace, for the receipt: StatefulSets make them, and nothing else records them. */
  listVolumeClaims(target: Target, signal: AbortSignal): Promise<ObjectRef[]>;
  /** Scales to zero what makes pods. @param remembered what was told last time; nothing at first */
  hibernate(
    target: Target,
    inventory: readonly InventoryEntry[],
    remembered: readonly Remembered[],
    signal: AbortSignal,
  ): Promise<HibernateStep>;
  /** Gives back what was remembered; call again with what is `left`. */
  revive(
    target: Target,
    remembered: readonly Remembered[],
    signal: AbortSignal,
  ): Promise<{ left: Remembered[]; message: string }>;
  listPods(target: Target, signal: AbortSignal): Promise<PodInfo[]>;
  /** What the cluster reports about an install's objects: all in its namespace, and of the others by name. */
  listEvents(target: Target, inventory: readonly InventoryEntry[], signal: AbortSignal): Promise<EventInfo[]>;
  /** Objects as they are; those that are gone, or not to be seen, are left out. */
  readObjects(target: Target, refs: readonly ObjectRef[], signal: AbortSignal): Promise<KubeObject[]>;
  /** All of a kind in the install's namespace, of pods and claims its own; none when they are not to be seen. */
  listObjects(target: Target, kind: KindRef, signal: AbortSignal): Promise<KubeObject[]>;
  podLogs(target: Target, options: LogOptions, signal: AbortSignal): Promise<string>;
  followLogs(target: Target, options: LogOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Runs a command in a container of the namespace. */
  execPod(target: Target, options: Omit<ExecOptions, 'namespace'>): Promise<Exec>;
  /** Forgets a cluster's connection: it was deleted, or its credentials changed. */
  forget(clusterId: string): Promise<void>;
}
