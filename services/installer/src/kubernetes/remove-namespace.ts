import {
  type Cluster,
  type KindRef,
  type KubeObject,
  type ObjectRef,
  groupOf,
  inParallel,
  isKubernetesError,
} from '@cnap/kubernetes';

import { letGoOf, type Held, type Patience } from './finalizers.ts';
import { ownerOf } from './owned-object.ts';
import type { NamespaceRemoval, Target, Waiting } from './port.ts';

type Condition = { type: string; status: string; message?: string };

const atOnce = 4;

/**
 * Deletes the install's namespace and says what holds it. What is in it may be let go; the namespace's own finalizers
 * are never removed by force, as that would leave behind what nobody can see any more.
 */
export async function removeNamespace(
  cluster: Cluster,
  target: Target,
  patience: Patience,
  signal: AbortSignal,
): Promise<NamespaceRemoval> {
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Namespace', name: target.namespace };
  const before = await cluster.get(ref, signal);
  if (!before || ownerOf(before, target) !== 'this') return { gone: true, waiting: [], forced: [] };
  if (before.metadata.deletionTimestamp === undefined) {
    await cluster.delete(ref, { uid: before.metadata.uid, signal });
    return { gone: false, waiting: [], forced: [] };
  }
  const { conditions = [] } = (before['status'] ?? {}) as { conditions?: Condition[] };
  const open = conditions.filter(({ status }) => status === 'True');
  const held = await heldWithin(cluster, target, open, patience, signal);
  const waiting = [...held.filter(({ forced }) => !forced).map((one) => one.waiting), ...said(open, ref)];
  return { gone: false, waiting, forced: held.filter(({ forced }) => forced).map((one) => one.waiting) };
}

/** In the words of the namespace controller, but for an API that is down: that one is named. */
const said = (conditions: readonly Condition[], ref: ObjectRef): Waiting[] =>
  conditions.map(({ type, message = type }) => {
    const apis = type === 'NamespaceDeletionDiscoveryFailure' ? apisOf(message) : [];
    return {
      ref,
      reason: type,
      message:
        apis.length === 0
          ? message
          : `The namespace cannot finish while ${apis.join(', ')} does not answer; it does by itself when that API answers, or is removed from the cluster.`,
    };
  });

/** "… unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion discovery: …" */
const apisOf = (message: string): string[] => [
  ...new Set(message.match(/\b[a-z0-9-]+(?:\.[a-z0-9-]+)+\/v\d+(?:(?:alpha|beta)\d+)?\b/g)),
];

/** What is being deleted in the namespace, whoever made it, as far as the namespace controller names its kinds. */
async function heldWithin(
  cluster: Cluster,
  { namespace }: Target,
  conditions: readonly Condition[],
  patience: Patience,
  signal: AbortSignal,
): Promise<Held[]> {
  const remaining = conditions.find(({ type }) => type === 'NamespaceContentRemaining')?.message ?? '';
  const isHeld = conditions.some(({ type }) => type === 'NamespaceFinalizersRemaining');
  if (!isHeld) return [];
  // "Some resources are remaining: configmaps. has 1 resource instances, widgets.example.com has 2 resource instances"
  const named = new Set(
    [...remaining.matchAll(/([a-z0-9-]+\.[a-z0-9.-]*) has \d+ resource/g)].map(([, name]) => name),
  );
  const { all } = await cluster.kinds();
  const kinds = all.filter(
    ({ apiVersion, plural, namespaced }) => namespaced && named.has(`${plural}.${groupOf(apiVersion)}`),
  );
  const found = await inParallel(kinds, atOnce, (kind) => listKind(cluster, kind, namespace, signal));
  return letGoOf(cluster, uniqueByUid(found.flat()), patience, signal);
}

/** One object is served in several versions. */
const uniqueByUid = (objects: readonly KubeObject[]): KubeObject[] => [
  ...new Map(objects.map((object) => [object.metadata.uid, object])).values(),
];

async function listKind(
  cluster: Cluster,
  kind: KindRef,
  namespace: string,
  signal: AbortSignal,
): Promise<KubeObject[]> {
  try {
    return await cluster.list(kind, { namespace, signal });
  } catch (error) {
    // Not ours to see, or gone meanwhile: the namespace still says that something is there.
    if (isKubernetesError(error, 'Forbidden', 'NotFound', 'UnknownKind', 'MethodNotAllowed')) return [];
    throw error;
  }
}
