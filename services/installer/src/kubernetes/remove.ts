import {
  type Cluster,
  type KubeObject,
  type ObjectRef,
  describeRef,
  inParallel,
  isKubernetesError,
} from '@cnap/kubernetes';

import { isRemovableCrd, userAnnotation, usersOf } from './crd-plan.ts';
import { stopHandling } from './custom-resource-rights.ts';
import { deleteOrder, isCrd } from './order.ts';
import { ownerOf } from './owned-object.ts';
import type { InventoryEntry, RemoveResult, Target, Waiting } from './port.ts';

const atOnce = 8;
/** After this long an object's own finalizers are removed: whoever should have done their work is not there. */
const stuckAfterMs = 10 * 60_000;

const chartSaysSo = 'the chart says so (helm.sh/resource-policy: keep)';

type Outcome = { is: 'removed' } | { is: 'kept'; why: string } | { is: 'left'; waiting?: Waiting };

/**
 * Asks for everything to be deleted, in reverse order, and says what is gone. Namespaces that the chart brought go
 * like any object; the install's own is left to `removeNamespace`.
 */
export async function removeObjects(
  cluster: Cluster,
  target: Target,
  inventory: InventoryEntry[],
  signal: AbortSignal,
): Promise<RemoveResult> {
  const result: RemoveResult = { removed: [], kept: [], left: [], waiting: [] };
  const entries = deleteOrder(inventory).filter((entry) => !isOwnNamespace(entry, target));
  const remove = async (some: InventoryEntry[]) => {
    const outcomes = await inParallel(some, atOnce, (entry) => removeEntry(cluster, target, entry, signal));
    for (const [index, entry] of some.entries()) sortIn(result, entry, outcomes[index]);
  };
  await remove(entries.filter((entry) => !isCrd(entry)));
  const crds = entries.filter(isCrd);
  // Resources that are still going would hold their CRD for good.
  if (result.left.length === 0) await remove(crds);
  else result.left.push(...crds);
  return result;
}

function sortIn(result: RemoveResult, entry: InventoryEntry, outcome: Outcome | undefined): void {
  if (!outcome) return;
  if (outcome.is === 'removed') result.removed.push(entry);
  else if (outcome.is === 'kept') result.kept.push({ entry, why: outcome.why });
  else {
    result.left.push(entry);
    if (outcome.waiting) result.waiting.push(outcome.waiting);
  }
}

async function removeEntry(
  cluster: Cluster,
  target: Target,
  entry: InventoryEntry,
  signal: AbortSignal,
): Promise<Outcome> {
  if (isCrd(entry)) return removeCrd(cluster, target, entry, signal);
  if (entry.keep) return { is: 'kept', why: chartSaysSo };
  const uid = entry.uid === '' ? await ownUid(cluster, target, entry, signal) : entry.uid;
  if (uid === undefined) return { is: 'removed' };
  return removeUid(cluster, entry, uid, signal);
}

/** An entry written before its object was applied has no uid: what is there now is ours only if it says so. */
async function ownUid(
  cluster: Cluster,
  target: Target,
  entry: ObjectRef,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const object = await cluster.get(entry, signal);
    return object && ownerOf(object, target) === 'this' ? object.metadata.uid : undefined;
  } catch (error) {
    if (isKubernetesError(error, 'UnknownKind')) return undefined;
    throw error;
  }
}

async function removeUid(
  cluster: Cluster,
  entry: ObjectRef,
  uid: string,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    if ((await cluster.delete(entry, { uid, signal })) === 'gone') return { is: 'removed' };
  } catch (error) {
    if (isKubernetesError(error, 'Conflict')) return { is: 'removed' }; // another object has its name by now
    throw error;
  }
  const object = await cluster.get(entry, signal);
  if (!object || object.metadata.uid !== uid) return { is: 'removed' };
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.length === 0) return { is: 'left' };
  if (Date.now() - Date.parse(object.metadata.deletionTimestamp ?? '') > stuckAfterMs) {
    await dropFinalizers(cluster, object, entry, signal);
  }
  const message = `${describeRef(entry)} is held by ${finalizers.join(', ')}`;
  return { is: 'left', waiting: { ref: entry, reason: 'Finalizers', message } };
}

async function dropFinalizers(
  cluster: Cluster,
  object: KubeObject,
  entry: ObjectRef,
  signal: AbortSignal,
): Promise<void> {
  const patch = [
    { op: 'test', path: '/metadata/uid', value: object.metadata.uid },
    { op: 'remove', path: '/metadata/finalizers' },
  ];
  await cluster.patch(entry, patch, { type: 'json', signal });
}

/** A CRD goes with its last install, and only when no custom resource is left. */
async function removeCrd(
  cluster: Cluster,
  target: Target,
  entry: InventoryEntry,
  signal: AbortSignal,
): Promise<Outcome> {
  const crd = await cluster.get(entry, signal);
  if (!crd) {
    await stopHandling(cluster, entry.name, signal);
    return { is: 'removed' };
  }
  const { removable, why } = entry.keep
    ? { removable: false, why: chartSaysSo }
    : isRemovableCrd(crd, target);
  const left = removable ? await countResources(cluster, crd, target, signal) : 0;
  if (removable && left === 0) {
    const outcome = await removeUid(cluster, entry, crd.metadata.uid ?? '', signal);
    if (outcome.is === 'removed') await stopHandling(cluster, entry.name, signal);
    return outcome;
  }
  await stopUsing(cluster, target, entry, signal);
  if (usersOf(crd).every((installId) => installId === target.installId))
    await stopHandling(cluster, entry.name, signal);
  return { is: 'kept', why: removable ? `${left} of its resources are left` : why };
}

async function stopUsing(
  cluster: Cluster,
  target: Target,
  entry: ObjectRef,
  signal: AbortSignal,
): Promise<void> {
  const annotations = userAnnotation(target, false);
  await cluster.patch(entry, { metadata: { annotations } }, { fieldManager: 'cnap-users', signal });
}

/** What is in the install's namespace does not count: it goes with that, whoever made it. */
async function countResources(
  cluster: Cluster,
  crd: KubeObject,
  target: Target,
  signal: AbortSignal,
): Promise<number> {
  const spec = crd['spec'] as {
    group: string;
    names: { kind: string };
    versions: { name: string; served?: boolean }[];
  };
  const version = spec.versions.find(({ served }) => served !== false)?.name;
  if (version === undefined) return 0;
  try {
    const resources = await cluster.list(
      { apiVersion: `${spec.group}/${version}`, kind: spec.names.kind },
      { signal },
    );
    return resources.filter(({ metadata }) => metadata.namespace !== target.namespace).length;
  } catch (error) {
    if (isKubernetesError(error, 'NotFound', 'UnknownKind')) return 0; // not served any more
    throw error;
  }
}

/** Deletes the install's namespace and says what holds it. Its own finalizers are never removed by force. */
export async function removeNamespace(
  cluster: Cluster,
  target: Target,
  signal: AbortSignal,
): Promise<{ gone: boolean; waiting: Waiting[] }> {
  const ref: ObjectRef = { apiVersion: 'v1', kind: 'Namespace', name: target.namespace };
  const before = await cluster.get(ref, signal);
  if (!before || ownerOf(before, target) !== 'this') return { gone: true, waiting: [] };
  if (before.metadata.deletionTimestamp === undefined) {
    await cluster.delete(ref, { uid: before.metadata.uid, signal });
    return { gone: false, waiting: [] };
  }
  const { conditions = [] } = (before['status'] ?? {}) as {
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
  const waiting = conditions
    .filter(({ status }) => status === 'True')
    .map(({ type, message }) => ({ ref, reason: type, message: message ?? type }));
  return { gone: false, waiting };
}

function isOwnNamespace(entry: ObjectRef, target: Target): boolean {
  return entry.kind === 'Namespace' && entry.apiVersion === 'v1' && entry.name === target.namespace;
}
