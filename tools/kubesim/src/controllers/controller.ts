import type { Tokens } from '../access/tokens.ts';
import type { Cluster } from '../api/cluster.ts';
import type { PodBehaviour } from '../faults/pod-behaviour.ts';
import type { StorageKey } from '../kinds/kind.ts';
import type { Change } from '../storage/store.ts';

export interface Place {
  namespace: string;
  name: string;
}

export interface ControllerContext {
  cluster: Cluster;
  behaviour: PodBehaviour;
  tokens: Tokens;
  podDelayMs: number;
  podEvents: boolean;
  /** looks at the same object again later */
  wakeAfter(milliseconds: number): void;
}

/**
 * Brings one object to its wanted state. Reconciling is synchronous: the whole state is in memory, so a
 * pass sees a consistent world and needs no cache, lock or retry of its own.
 */
export interface Controller {
  name: string;
  /** which objects to look at after a change of these resources; `*` hears of every change */
  watches: Record<StorageKey | '*', (change: Change, cluster: Cluster) => Place[]>;
  reconcile(place: Place, context: ControllerContext): void;
}

/** The changed object itself. */
export const itself = ({ entry }: Change): Place[] => [{ namespace: entry.namespace, name: entry.name }];

/** The owner of this kind, found by uid. */
export const ownerIn =
  (key: StorageKey) =>
  ({ entry }: Change, cluster: Cluster): Place[] =>
    entry.owners.flatMap((uid) => {
      const owner = cluster.store.byUid(uid);
      return owner?.key === key ? [{ namespace: owner.namespace, name: owner.name }] : [];
    });

/** Every object of a kind in the namespace of the change. */
export const allIn =
  (key: StorageKey) =>
  ({ entry }: Change, cluster: Cluster): Place[] =>
    cluster.store.count(key, entry.namespace) === 0
      ? []
      : cluster.store.list(key, entry.namespace).map(({ namespace, name }) => ({ namespace, name }));
