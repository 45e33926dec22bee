import {
  type Cluster,
  type KindRef,
  type KubeObject,
  type ObjectRef,
  inParallel,
  isKubernetesError,
} from '@cnap/kubernetes';

import { onlyOwn, onlyOwnClaims, onlyOwnEvents } from './belonging.ts';
import type { EventInfo } from './pod-info.ts';
import type { InventoryEntry, Target } from './port.ts';

const atOnce = 6;
const events = { apiVersion: 'v1', kind: 'Event' };
/** Where the events of cluster-wide objects are. */
const clusterWideNamespace = 'default';

type EventObject = KubeObject & {
  type?: string;
  reason?: string;
  message?: string;
  involvedObject?: { apiVersion?: string; kind?: string; namespace?: string; name?: string };
  source?: { component?: string };
  reportingComponent?: string;
  count?: number;
  firstTimestamp?: string | null;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { count?: number; lastObservedTime?: string };
};

/** What the cluster reports about an install's objects, the newest first. */
export async function listEvents(
  cluster: Cluster,
  target: Target,
  inventory: readonly InventoryEntry[],
  signal: AbortSignal,
): Promise<EventInfo[]> {
  const elsewhere = inventory.filter(({ namespace }) => namespace !== target.namespace);
  const namespaces = new Set(elsewhere.map(({ namespace = clusterWideNamespace }) => namespace));
  const own = elsewhere.map(({ kind, namespace = '', name }) => `${kind}/${namespace}/${name}`);
  const known = new Set(own);
  const lists = await inParallel([target.namespace, ...namespaces], atOnce, async (namespace) => {
    const all: EventObject[] = await list(cluster, events, namespace, signal);
    if (namespace === target.namespace) {
      return (await onlyOwnEvents(cluster, target, all, signal)).map(eventInfo);
    }
    // Of a namespace that others use, too, only what is about the install's own objects.
    return all
      .map(eventInfo)
      .filter(({ ref: { kind, namespace: of = '', name } }) => known.has(`${kind}/${of}/${name}`));
  });
  return lists.flat().toSorted(newestFirst);
}

/** Objects as they are; those that are gone, or not to be seen, are left out. */
export async function readObjects(
  cluster: Cluster,
  refs: readonly ObjectRef[],
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const found = await inParallel([...refs], atOnce, async (ref) => {
    try {
      return await cluster.get(ref, signal);
    } catch (error) {
      if (isKubernetesError(error, 'UnknownKind', 'Forbidden')) return undefined;
      throw error;
    }
  });
  return found.filter((object) => object !== undefined);
}

/** All of a kind in the install's namespace; of pods and volume claims there only its own. */
export async function listObjects(
  cluster: Cluster,
  target: Target,
  kind: KindRef,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const all = await list(cluster, kind, target.namespace, signal);
  if (kind.apiVersion !== 'v1') return all;
  if (kind.kind === 'Pod') return onlyOwn(cluster, target, all, signal);
  if (kind.kind !== 'PersistentVolumeClaim' || !target.existing) return all;
  const pods = await listObjects(cluster, target, { apiVersion: 'v1', kind: 'Pod' }, signal);
  return onlyOwnClaims(cluster, target, all, pods, signal);
}

async function list(
  cluster: Cluster,
  kind: KindRef,
  namespace: string,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  try {
    return await cluster.list(kind, { namespace, signal });
  } catch (error) {
    if (isKubernetesError(error, 'UnknownKind', 'Forbidden', 'NotFound')) return [];
    throw error;
  }
}

const newestFirst = (a: EventInfo, b: EventInfo): number =>
  b.lastTime.getTime() - a.lastTime.getTime() || (a.uid < b.uid ? 1 : -1);

function eventInfo(event: EventObject): EventInfo {
  const { creationTimestamp, uid = '' } = event.metadata;
  const { apiVersion = '', kind = '', namespace, name = '' } = event.involvedObject ?? {};
  // Events of the newer API have their times and their count elsewhere.
  const first = event.firstTimestamp ?? event.eventTime ?? creationTimestamp;
  const last = event.lastTimestamp ?? event.series?.lastObservedTime ?? first;
  return {
    uid,
    warning: event.type === 'Warning',
    reason: event.reason ?? '',
    message: event.message ?? '',
    ref: { apiVersion, kind, name, ...(namespace ? { namespace } : {}) },
    component: event.source?.component || event.reportingComponent || '',
    count: event.count ?? event.series?.count ?? 1,
    firstTime: timeOf(first),
    lastTime: timeOf(last),
  };
}

const timeOf = (time: string | undefined): Date => new Date(Date.parse(time ?? '') || 0);
