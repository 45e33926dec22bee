import {
  type Cluster,
  type KubeObject,
  KubernetesError,
  type ObjectRef,
  inParallel,
  isKubernetesError,
  objectKey,
  refOf,
} from '@cnap/kubernetes';

import { applyAll, applyDeclared } from './apply.ts';
import { applyFailure } from './apply-failure.ts';
import { isControlled, isReplicas } from './controlled-fields.ts';
import { isAppliedCrd, ownedCrd } from './crd-plan.ts';
import { ownersOf } from './field-owners.ts';
import { diffObjects, withoutPath, writtenPath, type Difference } from './object-diff.ts';
import { chunksOf, installOrder, isCrd } from './order.ts';
import { inventoryEntry, ownedObject, ownerOf } from './owned-object.ts';
import type { ApplyResult, Compared, FieldChange, InventoryEntry, Target } from './port.ts';
import { signatureOf } from './signature.ts';

const atOnce = 6;
/** At an object that somebody writes all the time. */
const looksAtMost = 5;
const autoscalerKind = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };

type Looked = { object: KubeObject; entry: InventoryEntry };
type Options = { registries?: boolean | undefined };

/**
 * What applying each object again would change. The API server says so itself: a dry run goes through defaults,
 * conversions and webhooks, so that only what is really different is left.
 */
export function compareObjects(
  cluster: Cluster,
  target: Target,
  objects: readonly Looked[],
  signal: AbortSignal,
  options: Options = {},
): Promise<Compared[]> {
  return inParallel([...objects], atOnce, (looked) => compareOne(cluster, target, looked, signal, options));
}

async function compareOne(
  cluster: Cluster,
  target: Target,
  looked: Looked,
  signal: AbortSignal,
  options: Options,
  look = 1,
): Promise<Compared> {
  const { object, entry } = looked;
  const live = await getIfKnown(cluster, entry, signal);
  const wanted = await asApplied(cluster, target, object, options);
  const ref = refOf(wanted ?? object);
  if (!live) {
    if (removesItself(object)) return { ref, found: 'same', changes: [], entry: { ...entry, leave: true } };
    return { ref, found: 'removed', changes: [], ...(wanted ? { apply: wanted } : {}) };
  }
  if (live.metadata.deletionTimestamp !== undefined) return { ref, found: 'going', changes: [] };
  const same: Compared = { ref, found: 'same', changes: [], entry: { ...entry, ...inventoryEntry(live) } };
  if (!wanted) return same;
  if (isCrd(object)) {
    // The cluster's, not ours alone: what another install brought in its place is as good.
    if (!isAppliedCrd(object, live)) return same;
  } else if (ref.namespace !== target.namespace && ownerOf(live, target) !== 'this') {
    return { ref, found: 'taken', changes: [] };
  }
  try {
    const { applied } = await applyDeclared(cluster, wanted, signal, { dryRun: true });
    // A dry run keeps the version it started from: with another one, what somebody wrote meanwhile is no difference.
    if (applied.metadata.resourceVersion !== live.metadata.resourceVersion && look < looksAtMost)
      return await compareOne(cluster, target, looked, signal, options, look + 1);
    return await judge(cluster, live, { wanted, applied }, same, signal);
  } catch (error) {
    return { ref, found: 'changed', changes: [], entry: same.entry, refused: refusal(error, ref) };
  }
}

/** Why the cluster will not have an object; trouble of the cluster itself is thrown. */
function refusal(error: unknown, ref: ObjectRef): string {
  if (!(error instanceof KubernetesError) || error.code === 401) throw error;
  // Webhooks that do not answer are an internal error; they are this object's trouble.
  if (error.unavailable && error.code !== 500) throw error;
  return applyFailure(error, ref).message;
}

async function judge(
  cluster: Cluster,
  live: KubeObject,
  { wanted, applied }: { wanted: KubeObject; applied: KubeObject },
  same: Compared,
  signal: AbortSignal,
): Promise<Compared> {
  const all = diffObjects(live, applied);
  const autoscalers = all.some(isReplicas) ? await autoscalersBeside(cluster, live, signal) : [];
  const theirs = all.filter((difference) => isControlled(live, difference, autoscalers));
  const ours = all.filter((difference) => !theirs.includes(difference));
  const apply = theirs.reduce((object, { path }) => withoutPath(object, path), wanted);
  const changes = ours.map((difference) => fieldChange(live, difference));
  if (changes.length > 0) return { ...same, found: 'changed', changes, apply };
  const after =
    theirs.length === 0 ? applied : (await applyDeclared(cluster, apply, signal, { dryRun: true })).applied;
  // The values are right, but somebody else's: his next change of them would not be seen.
  return signatureOf(after) === signatureOf(live) ? same : { ...same, apply };
}

function fieldChange(live: KubeObject, { path, found, wanted }: Difference): FieldChange {
  return {
    path: writtenPath(path),
    steps: path,
    ...(found === undefined ? {} : { found }),
    ...(wanted === undefined ? {} : { wanted }),
    manager: ownersOf(live, path)[0]?.manager ?? '',
  };
}

/** Applies what was found different, in the order of an installation. */
export async function correctObjects(
  cluster: Cluster,
  target: Target,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<ApplyResult> {
  const result: ApplyResult = { applied: [], warnings: [] };
  for (const chunk of chunksOf(installOrder(objects), 12)) {
    const [first] = chunk;
    // CRDs are shared: they get no install's label.
    const step =
      first && isCrd(first)
        ? await applyCrdsAgain(cluster, chunk, signal)
        : await applyAll(cluster, target, chunk, signal, {});
    result.applied.push(...step.applied);
    result.warnings.push(...step.warnings);
    if (step.failure) return { ...result, failure: step.failure };
  }
  return result;
}

async function applyCrdsAgain(
  cluster: Cluster,
  crds: readonly KubeObject[],
  signal: AbortSignal,
): Promise<ApplyResult> {
  const applied = await inParallel([...crds], atOnce, async (crd) => {
    const result = await applyDeclared(cluster, crd, signal);
    return inventoryEntry(result.applied);
  });
  await cluster.kinds({ refresh: true });
  return { applied, warnings: [] };
}

/** undefined while its kind is not known: its CRD comes first. */
async function asApplied(cluster: Cluster, target: Target, object: KubeObject, options: Options) {
  if (isCrd(object)) return ownedCrd(object);
  try {
    return ownedObject(object, target, await cluster.resource(object), options);
  } catch (error) {
    if (isKubernetesError(error, 'UnknownKind')) return undefined;
    throw error;
  }
}

async function getIfKnown(cluster: Cluster, entry: InventoryEntry, signal: AbortSignal) {
  try {
    return await cluster.get(entry, signal);
  } catch (error) {
    if (isKubernetesError(error, 'UnknownKind')) return undefined;
    throw error;
  }
}

async function autoscalersBeside(cluster: Cluster, live: KubeObject, signal: AbortSignal) {
  const { namespace } = live.metadata;
  if (namespace === undefined) return [];
  try {
    return await cluster.list(autoscalerKind, { namespace, signal });
  } catch (error) {
    // Who may not see them cannot have been given any.
    if (error instanceof KubernetesError && !error.unavailable) return [];
    throw error;
  }
}

/** https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/ */
function removesItself(object: KubeObject): boolean {
  const spec = (object['spec'] ?? {}) as { ttlSecondsAfterFinished?: number };
  return object.kind === 'Job' && spec.ttlSecondsAfterFinished !== undefined;
}

/** Those of the objects that the entries are about, whichever of them say in which namespace they are. */
export function pairsOf(
  objects: readonly KubeObject[],
  entries: readonly InventoryEntry[],
  { namespace }: Target,
): { pairs: Looked[]; unknown: InventoryEntry[] } {
  const byKey = new Map(
    objects.flatMap((object): [string, KubeObject][] => [
      [objectKey(refOf(object)), object],
      [objectKey({ ...refOf(object), namespace: object.metadata.namespace ?? namespace }), object],
    ]),
  );
  const pairs: Looked[] = [];
  const unknown: InventoryEntry[] = [];
  for (const entry of entries) {
    const object = byKey.get(objectKey(entry));
    if (object) pairs.push({ object, entry });
    else unknown.push(entry);
  }
  return { pairs, unknown };
}
