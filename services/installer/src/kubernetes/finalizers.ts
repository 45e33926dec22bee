import {
  type Cluster,
  type KubeObject,
  type ObjectRef,
  describeRef,
  inParallel,
  isKubernetesError,
} from '@cnap/kubernetes';

import type { Waited, Waiting } from './port.ts';

const atOnce = 6;

/** Since when something is to go, and how long others may hold it up; undefined: for as long as they like. */
export type Patience = (Waited & { limitMs: number }) | undefined;

/** What an object that is being deleted waits for; `forced` when that is not waited for any more, and said so. */
export type Held = { waiting: Waiting; forced: boolean };

/**
 * Kubernetes' own: they end by themselves when what they guard has ended, and to remove them would leave that behind.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/finalizers/
 */
const itsOwn = new Set([
  'foregroundDeletion',
  'orphan',
  'kubernetes',
  'kubernetes.io/pvc-protection',
  'kubernetes.io/pv-protection',
  'customresourcecleanup.apiextensions.k8s.io',
]);

/** By our clock and by the cluster's: one of them may be wrong, and an early removal cannot be undone. */
function isOverdue({ metadata }: KubeObject, patience: Patience): boolean {
  if (!patience || metadata.deletionTimestamp === undefined) return false;
  const latest = Math.max(patience.since.getTime(), Date.parse(metadata.deletionTimestamp));
  return Date.now() - latest > patience.limitMs;
}

/**
 * Says which finalizers hold an object that is being deleted. Those of others are removed when they have had their
 * time: whoever should have done their work is not there. A namespace's never are.
 */
export async function letGo(
  cluster: Cluster,
  object: KubeObject,
  ref: ObjectRef,
  patience: Patience,
  signal: AbortSignal,
): Promise<Held | undefined> {
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.length === 0) return undefined;
  const theirs = finalizers.filter((name) => !itsOwn.has(name));
  const mayForce = ref.kind !== 'Namespace' && theirs.length > 0 && isOverdue(object, patience);
  const wasHeld = `${describeRef(ref)} was held by ${theirs.join(', ')}`;
  const isTold = patience?.told === undefined || patience.told.includes(wasHeld);
  const forced = mayForce && (!isTold || (await dropFinalizers(cluster, object, ref, theirs, signal)));
  const message = forced ? wasHeld : `${describeRef(ref)} is held by ${finalizers.join(', ')}`;
  return { waiting: { ref, reason: 'Finalizers', message }, forced };
}

/** @returns false when somebody else was faster, in whatever way, or the cluster says no */
async function dropFinalizers(
  cluster: Cluster,
  { metadata: { uid, finalizers = [] } }: KubeObject,
  ref: ObjectRef,
  names: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const patch = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/finalizers', value: finalizers },
    {
      op: 'replace',
      path: '/metadata/finalizers',
      value: finalizers.filter((name) => !names.includes(name)),
    },
  ];
  try {
    await cluster.patch(ref, patch, { type: 'json', signal });
    return true;
  } catch (error) {
    if (isKubernetesError(error, 'NotFound', 'Conflict', 'Invalid', 'Forbidden')) return false;
    throw error;
  }
}

/** Lets go of what is being deleted among objects of some kinds. */
export async function letGoOf(
  cluster: Cluster,
  objects: readonly KubeObject[],
  patience: Patience,
  signal: AbortSignal,
): Promise<Held[]> {
  const going = objects.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const held = await inParallel(going, atOnce, (object) => {
    const { namespace, name } = object.metadata;
    const ref = { apiVersion: object.apiVersion, kind: object.kind, name };
    return letGo(cluster, object, namespace === undefined ? ref : { ...ref, namespace }, patience, signal);
  });
  return held.filter((one) => one !== undefined);
}
