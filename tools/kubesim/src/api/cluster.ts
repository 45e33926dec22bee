import { randomUUID } from 'node:crypto';
import type { Kind, StorageKey } from '../kinds/kind.ts';
import type { Registry } from '../kinds/registry.ts';
import type { KubeObject } from '../objects/object.ts';
import { same } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Entry, Store } from '../storage/store.ts';
import { parse } from '../storage/store.ts';

/** Everything the verbs and the controllers act on. */
export interface Cluster {
  readonly registry: Registry;
  readonly store: Store;
  now(): number;
  clusterIp(): string;
  nodePort(): number;
  podIp(): string;
}

export function createCluster(store: Store, registry: Registry, now: () => number): Cluster {
  // After a restart these go on behind what was handed out before: each took at least one version.
  let services = store.version();
  let pods = services;
  let ports = services;
  const address = (prefix: string, n: number): string =>
    `${prefix}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
  return {
    registry,
    store,
    now,
    clusterIp: () => address('10', (96 << 16) + 10 + ((services += 1) & 0xffff)),
    podIp: () => address('10', (244 << 16) + ((pods += 1) & 0xffff)),
    nodePort: () => 30_000 + ((ports += 1) % 2_768),
  };
}

export const newUid = (): string => randomUUID();

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** The five characters behind `generateName`. */
export function nameSuffix(length = 5): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length));
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join('');
}

/** Objects are stored with these fields first, so that their text can be told by its beginning. */
export function inOrder(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  return { apiVersion, kind, metadata, ...rest };
}

export function findObject<T extends KubeObject>(
  cluster: Cluster,
  key: StorageKey,
  namespace: string,
  name: string,
): T | undefined {
  const entry = cluster.store.get(key, namespace, name);
  return entry && parse<T>(entry);
}

export function listObjects<T extends KubeObject>(
  cluster: Cluster,
  key: StorageKey,
  namespace?: string,
): T[] {
  return cluster.store.list(key, namespace).map((entry) => parse<T>(entry));
}

/** A controller's write: no admission, no field tracking; nothing is written when nothing changed. */
export function saveObject(cluster: Cluster, key: StorageKey, object: KubeObject): Entry | undefined {
  const entry = cluster.store.get(key, object.metadata.namespace ?? '', object.metadata.name);
  if (!entry || entry.uid !== object.metadata.uid) return undefined;
  const old = parse(entry);
  if (same(old, object)) return entry;
  const kind = cluster.registry.ofStorage(key);
  if (kind?.generation) bumpGeneration(object, old);
  if (object.metadata.deletionTimestamp && isReleased(object, kind)) {
    cluster.store.remove(entry);
    return undefined;
  }
  return cluster.store.put(key, object);
}

export function bumpGeneration(object: KubeObject, old: KubeObject): void {
  const wanted = (value: KubeObject): unknown => ({ ...value, metadata: 0, status: 0 });
  const generation = old.metadata.generation ?? 1;
  object.metadata.generation = same(wanted(object), wanted(old)) ? generation : generation + 1;
}

/** Nothing holds a deleted object back any more. */
export function isReleased(object: KubeObject, kind: Kind | undefined): boolean {
  if ((object.metadata.finalizers ?? []).length > 0) return false;
  if (kind?.resource === 'namespaces' && kind.group === '') {
    const spec = object['spec'] as { finalizers?: string[] } | undefined;
    return (spec?.finalizers ?? []).length === 0;
  }
  return !(object.metadata.deletionGracePeriodSeconds && kind?.resource === 'pods');
}

/** Runs a write that may lose against somebody else's; only StatusErrors are expected. */
export function attempt<T>(work: () => T): T | StatusError {
  try {
    return work();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}
