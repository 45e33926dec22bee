import { setTimeout as pause } from 'node:timers/promises';

import { type Cluster, type KindRef, type KubeObject, groupOf, objectKey, refOf } from '@cnap/kubernetes';

import { crdLabel, usersOf } from './crd-plan.ts';
import { isCrd } from './order.ts';
import { installLabel } from './owned-object.ts';
import type { InventoryEntry, Suspicion } from './port.ts';
import { signatureOf } from './signature.ts';

export type WatchesOptions = {
  cluster(): Promise<Cluster>;
  signal: AbortSignal;
  onInstallChanged(installId: string): void;
  onTrouble(error: Error | undefined): void;
};

/** What tells how an install is: each change of them wakes it. */
const healthKinds: KindRef[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
];
/** A cluster's installs rarely bring more; objects of the kinds beyond are looked at one by one. */
const kindsAtMost = 80;
/** A watch that has not told by then what is there cannot be had: the kind is gone, or not for these credentials. */
const patienceMs = 15_000;
const soonMs = 1_000;
const rarelyMs = 60_000;

const keyOf = ({ apiVersion, kind }: KindRef): string => `${groupOf(apiVersion)}/${kind}`;
const wakesAlways = new Set(healthKinds.map(keyOf));

type Kind = { since: number; synced: boolean };

/**
 * One watch per kind for all installs on a cluster, of metadata only. Of each object a signature is kept, by which
 * {@link suspects} tells without a request which objects somebody may have touched. Watches of further kinds are
 * opened when an install is asked about that has such objects.
 */
export class ClusterWatches {
  readonly #options: WatchesOptions;
  readonly #kinds = new Map<string, Kind>();
  readonly #running: Promise<void>[] = [];
  /** By install, then object: its signature. */
  readonly #seen = new Map<string, Map<string, string>>();
  /** CRDs are shared: the installs that use each. */
  readonly #users = new Map<string, string[]>();
  /** When objects that no watch tells of were last looked at. */
  readonly #looked = new Map<string, number>();

  constructor(options: WatchesOptions) {
    this.#options = options;
    for (const kind of healthKinds) this.#begin(kind);
  }

  /** When all watches have ended, after the signal. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Objects that are not as they were applied, as far as the watches tell. */
  suspects(installId: string, inventory: readonly InventoryEntry[], now = performance.now()): Suspicion {
    const looked = inventory.filter((entry) => !entry.hook && !entry.leave && !isForeignCrd(entry));
    const unwatched: InventoryEntry[] = [];
    const suspects: InventoryEntry[] = [];
    let syncing = false;
    for (const entry of looked) {
      const kind = this.#kinds.get(keyOf(entry)) ?? this.#begin(entry);
      if (kind?.synced) {
        const seen = this.#seen.get(installId)?.get(objectKey(entry));
        if (seen === undefined || seen !== entry.signature) suspects.push(entry);
      } else if (kind && performance.now() - kind.since < patienceMs) syncing = true;
      else unwatched.push(entry);
    }
    if (unwatched.length > 0 && now - (this.#looked.get(installId) ?? -Infinity) >= rarelyMs) {
      this.#looked.set(installId, now);
      suspects.push(...unwatched);
    }
    const lookAgainMs = syncing ? soonMs : unwatched.length > 0 ? rarelyMs : undefined;
    return { suspects, ...(lookAgainMs === undefined ? {} : { lookAgainMs }) };
  }

  #begin({ apiVersion, kind }: KindRef): Kind | undefined {
    if (this.#kinds.size >= kindsAtMost) return undefined;
    const begun = { since: performance.now(), synced: false };
    this.#kinds.set(keyOf({ apiVersion, kind }), begun);
    this.#running.push(this.#follow({ apiVersion, kind }, begun));
    return begun;
  }

  async #follow(kind: KindRef, state: Kind): Promise<void> {
    const { signal, onTrouble } = this.#options;
    const labelSelector = isCrd(kind) ? crdLabel : installLabel;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        const cluster = await this.#options.cluster();
        const watching = { labelSelector, metadataOnly: true, condense, signal, onTrouble };
        for await (const event of cluster.watch(kind, watching)) {
          failures = 0;
          if (event.type === 'SYNCED') state.synced = true;
          else this.#take(event.type, event.object);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (wakesAlways.has(keyOf(kind))) onTrouble(new Error('the watch ended', { cause: error }));
        const restMs = Math.min(patienceMs, 1_000 * 2 ** failures);
        await pause(restMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #take(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    const key = objectKey(refOf(object));
    const signature = type === 'DELETED' ? undefined : signatureIn(object);
    const always = wakesAlways.has(keyOf(object));
    for (const installId of this.#installsOf(object, key)) {
      const changed = this.#remember(installId, key, signature);
      // What is being applied, or is listed, is new to the watch, and news to nobody.
      if (always || (changed && type !== 'ADDED')) this.#options.onInstallChanged(installId);
    }
  }

  #installsOf(object: KubeObject, key: string): string[] {
    if (isCrd(object)) {
      const users = usersOf(object);
      // One that vanished unseen is told without its annotations.
      if (users.length === 0) return this.#users.get(key) ?? [];
      this.#users.set(key, users);
      return users;
    }
    const installId = object.metadata.labels?.[installLabel];
    return installId === undefined ? [] : [installId];
  }

  /** @returns whether that is another signature than before */
  #remember(installId: string, key: string, signature: string | undefined): boolean {
    const objects = this.#seen.get(installId) ?? new Map<string, string>();
    const before = objects.get(key);
    if (signature === undefined) objects.delete(key);
    else objects.set(key, signature);
    if (objects.size > 0) this.#seen.set(installId, objects);
    else {
      this.#seen.delete(installId);
      this.#looked.delete(installId);
    }
    return before !== signature;
  }
}

/** One that was there before and of which nothing is ours. */
const isForeignCrd = (entry: InventoryEntry): boolean => isCrd(entry) && entry.signature === '';

const signatureField = 'signature';

/** A fleet's objects are kept in memory: no more of each than is needed. */
function condense(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, labels, annotations } = object.metadata;
  const installId = labels?.[installLabel];
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(installId === undefined ? {} : { labels: { [installLabel]: installId } }),
      ...(annotations && isCrd(object) ? { annotations } : {}),
      [signatureField]: signatureOf(object),
    },
  };
}

const signatureIn = (object: KubeObject): string => String(object.metadata[signatureField] ?? '');
