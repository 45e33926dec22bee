import {
  type Cluster,
  type KubeObject,
  type ObjectRef,
  inParallel,
  isKubernetesError,
} from '@cnap/kubernetes';

import { isRemovableCrd, userAnnotation, usersOf } from './crd-plan.ts';
import { stopHandling } from './custom-resource-rights.ts';
import { letGo, letGoOf, type Held, type Patience } from './finalizers.ts';
import { deleteOrder, isCrd } from './order.ts';
import { ownerOf } from './owned-object.ts';
import type { InventoryEntry, RemoveResult, Target } from './port.ts';

const atOnce = 8;
const chartSaysSo = 'the chart says so (helm.sh/resource-policy: keep)';

type Outcome = { is: 'removed' } | { is: 'kept'; why: string } | { is: 'left'; held?: Held[] };

/**
 * Asks for everything to be deleted, in reverse order, and says what is gone. Namespaces that the chart brought go
 * like any object; the install's own is left to `removeNamespace`.
 */
export async function removeObjects(
  cluster: Cluster,
  target: Target,
  inventory: InventoryEntry[],
  patience: Patience,
  signal: AbortSignal,
): Promise<RemoveResult> {
  const result: RemoveResult = { removed: [], kept: [], left: [], waiting: [], forced: [] };
  const entries = deleteOrder(inventory).filter((entry) => !isOwnNamespace(entry, target));
  const remove = async (some: InventoryEntry[]) => {
    const outcomes = await inParallel(some, atOnce, (entry) =>
      removeEntry(cluster, target, entry, patience, signal),
    );
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
    for (const { waiting, forced } of outcome.held ?? []) {
      (forced ? result.forced : result.waiting).push(waiting);
    }
  }
}

async function removeEntry(
  cluster: Cluster,
  target: Target,
  entry: InventoryEntry,
  patience: Patience,
  signal: AbortSignal,
): Promise<Outcome> {
  if (isCrd(entry)) return removeCrd(cluster, target, entry, patience, signal);
  if (entry.keep) return { is: 'kept', why: chartSaysSo };
  const uid = entry.uid === '' ? await ownUid(cluster, target, entry, signal) : entry.uid;
  if (uid === undefined) return { is: 'removed' };
  return removeUid(cluster, entry, uid, patience, signal);
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
  patience: Patience,
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
  const held = await letGo(cluster, object, entry, patience, signal);
  return { is: 'left', ...(held ? { held: [held] } : {}) };
}

/** A CRD goes with its last install, and only when no custom resource is left. */
async function removeCrd(
  cluster: Cluster,
  target: Target,
  entry: InventoryEntry,
  patience: Patience,
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
  // What is in the install's namespace does not count: it goes with that, whoever made it.
  const left = removable
    ? (await resourcesOf(cluster, crd, signal)).filter(
        ({ metadata }) => metadata.namespace !== target.namespace,
      ).length
    : 0;
  if (removable && left === 0) {
    const outcome = await removeUid(cluster, entry, crd.metadata.uid ?? '', patience, signal);
    if (outcome.is === 'removed') await stopHandling(cluster, entry.name, signal);
    if (outcome.is !== 'left') return outcome;
    // It goes when the last of its resources has gone, and they are what is held.
    const within = await letGoOf(cluster, await resourcesOf(cluster, crd, signal), patience, signal);
    return { is: 'left', held: [...within, ...(outcome.held ?? [])] };
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

async function resourcesOf(cluster: Cluster, crd: KubeObject, signal: AbortSignal): Promise<KubeObject[]> {
  const spec = crd['spec'] as {
    group: string;
    names: { kind: string };
    versions: { name: string; served?: boolean }[];
  };
  const version = spec.versions.find(({ served }) => served !== false)?.name;
  if (version === undefined) return [];
  try {
    return await cluster.list({ apiVersion: `${spec.group}/${version}`, kind: spec.names.kind }, { signal });
  } catch (error) {
    if (isKubernetesError(error, 'NotFound', 'UnknownKind')) return []; // not served any more
    throw error;
  }
}

function isOwnNamespace(entry: ObjectRef, target: Target): boolean {
  return entry.kind === 'Namespace' && entry.apiVersion === 'v1' && entry.name === target.namespace;
}
