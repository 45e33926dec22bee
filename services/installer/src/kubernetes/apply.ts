import {
  type Cluster,
  type KindRef,
  type KubeObject,
  KubernetesError,
  inParallel,
  isKubernetesError,
  refOf,
} from '@cnap/kubernetes';

import { applyFailure, ownedByAnother } from './apply-failure.ts';
import { planCrd, userAnnotation } from './crd-plan.ts';
import { mayHandle } from './custom-resource-rights.ts';
import { healthOf } from './health.ts';
import { takeFieldsOver } from './helm-release.ts';
import { namespaceObjects } from './namespace-objects.ts';
import { fieldManager, inventoryEntry, ownedObject, ownerOf } from './owned-object.ts';
import type {
  ApplyFailure,
  ApplyResult,
  CrdResult,
  InventoryEntry,
  NamespaceSettings,
  Target,
} from './port.ts';
import { beingDeleted, isImmutable, makeAnew } from './replace.ts';
import { undeclaredFields, withoutField } from './undeclared-fields.ts';

/** Of one install at a time, so that a large chart leaves room for others. */
const atOnce = 6;

type ApplyOptions = {
  registries?: boolean | undefined;
  replace?: boolean | undefined;
  takeOver?: boolean | undefined;
};
type Outcome = { entry: InventoryEntry; warnings: string[] } | { failure: ApplyFailure };

/** The namespace first, then what it holds. */
export async function prepareNamespace(
  cluster: Cluster,
  target: Target,
  settings: NamespaceSettings,
  signal: AbortSignal,
): Promise<ApplyResult> {
  const [namespace, ...inside] = namespaceObjects(target, settings);
  if (!namespace) return { applied: [], warnings: [] };
  const first = await applyAll(cluster, target, [namespace], signal, {});
  if (first.failure) return first;
  const rest = await applyAll(cluster, target, inside, signal, {});
  return {
    ...rest,
    applied: [...first.applied, ...rest.applied],
    warnings: [...first.warnings, ...rest.warnings],
  };
}

/** Objects of one rank, in parallel. What was applied is told even when one of them fails. */
export async function applyAll(
  cluster: Cluster,
  target: Target,
  objects: KubeObject[],
  signal: AbortSignal,
  options: ApplyOptions,
): Promise<ApplyResult> {
  let stop = false;
  const outcomes = await inParallel(objects, atOnce, async (object): Promise<Outcome | undefined> => {
    if (stop) return undefined;
    const outcome = await applyOne(cluster, target, object, signal, options);
    if ('failure' in outcome) stop = true;
    return outcome;
  });
  return resultOf(outcomes);
}

/** Applies CRDs and says whether all of them are established; call again until they are. */
export async function applyCrds(
  cluster: Cluster,
  target: Target,
  crds: KubeObject[],
  signal: AbortSignal,
): Promise<CrdResult> {
  const waitingFor: string[] = [];
  const established: KubeObject[] = [];
  const outcomes = await inParallel(crds, atOnce, async (crd): Promise<Outcome> => {
    const ref = refOf(crd);
    const existing = await cluster.get(ref, signal);
    const plan = planCrd(crd, existing);
    if (plan.do === 'refuse')
      return { failure: { ref, permanent: true, reason: 'CrdConflict', message: plan.message } };
    let there = existing;
    try {
      if (plan.do === 'apply')
        there = await cluster.apply(plan.object, { fieldManager, force: true, signal });
      const annotations = userAnnotation(target, true);
      const counted = Object.keys(annotations).every(
        (key) => there?.metadata.annotations?.[key] !== undefined,
      );
      if (!counted)
        there = await cluster.patch(
          ref,
          { metadata: { annotations } },
          { fieldManager: 'cnap-users', signal },
        );
    } catch (error) {
      return { failure: failureOrThrow(error, ref) };
    }
    if (!there)
      return { failure: { ref, permanent: false, reason: 'NotFound', message: `${ref.name} has vanished` } };
    const { state, message } = healthOf(ref, there);
    if (state === 'failed') return { failure: { ref, permanent: true, reason: 'CrdNotAccepted', message } };
    if (state === 'progressing') waitingFor.push(message);
    else {
      established.push(crd);
      try {
        if (!(await mayHandle(cluster, crd, !existing, signal)))
          waitingFor.push(`the right to the resources of ${ref.name}`);
      } catch (error) {
        return { failure: failureOrThrow(error, ref) };
      }
    }
    return {
      entry: inventoryEntry(there),
      warnings: plan.do === 'use' && plan.warning ? [plan.warning] : [],
    };
  });
  const result = resultOf(outcomes);
  waitingFor.push(...(await notServed(cluster, established)));
  return { ...result, established: !result.failure && waitingFor.length === 0, waitingFor };
}

/** An established CRD shows up in discovery a moment later; until then its resources cannot be applied. */
async function notServed(cluster: Cluster, crds: KubeObject[]): Promise<string[]> {
  const wanted = crds.map(servedKind);
  const isServed = async (refresh: boolean) => {
    const kinds = await cluster.kinds({ refresh });
    return wanted.filter((kind) => !kinds.find(kind));
  };
  const missing = (await isServed(false)).length > 0 ? await isServed(true) : [];
  return missing.map(({ apiVersion, kind }) => `${kind} of ${apiVersion} is not served yet`);
}

function servedKind(crd: KubeObject): KindRef {
  const spec = crd['spec'] as {
    group?: string;
    names?: { kind?: string };
    versions?: { name: string; served?: boolean }[];
  };
  const version = spec.versions?.find(({ served }) => served !== false)?.name;
  return { apiVersion: `${spec.group}/${version}`, kind: spec.names?.kind ?? '' };
}

async function applyOne(
  cluster: Cluster,
  target: Target,
  object: KubeObject,
  signal: AbortSignal,
  options: ApplyOptions,
): Promise<Outcome> {
  const ref = refOf(object);
  try {
    const resource = await cluster.resource(object);
    const owned = ownedObject(object, target, resource, options);
    const foreign = owned.metadata.namespace !== target.namespace;
    const existing = foreign || options.takeOver ? await cluster.get(refOf(owned), signal) : undefined;
    const owner = existing && foreign ? ownerOf(existing, target) : 'this';
    if (owner !== 'this') return { failure: ownedByAnother(refOf(owned), owner) };
    if (existing && options.takeOver) await takeFieldsOver(cluster, existing, fieldManager, signal);
    const { applied, warnings } = await applyDeclared(cluster, owned, signal).catch(
      async (error: unknown) => {
        if (!isImmutable(error)) throw error;
        const allowed = options.replace === true;
        return { applied: await makeAnew(cluster, owned, error, { allowed, signal }), warnings: [] };
      },
    );
    if (isFailure(applied)) return { failure: applied };
    if (applied.metadata.deletionTimestamp !== undefined) return { failure: beingDeleted(owned) };
    return { entry: inventoryEntry(applied), warnings };
  } catch (error) {
    return { failure: failureOrThrow(error, ref) };
  }
}

const isFailure = (outcome: KubeObject | ApplyFailure): outcome is ApplyFailure => 'permanent' in outcome;

/** Without the fields that no schema has: charts carry such, and Helm 3 and `kubectl apply` let them pass. */
export async function applyDeclared(
  cluster: Cluster,
  object: KubeObject,
  signal: AbortSignal,
  { dryRun = false } = {},
): Promise<{ applied: KubeObject; warnings: string[] }> {
  const warnings: string[] = [];
  let current = object;
  for (;;) {
    try {
      const applied = await cluster.apply(current, { fieldManager, force: true, dryRun, signal });
      return { applied, warnings };
    } catch (error) {
      if (!(error instanceof KubernetesError) || warnings.length > 20) throw error;
      const before = warnings.length;
      for (const field of undeclaredFields(error.message)) {
        const without = withoutField(current, field);
        if (!without) throw error;
        current = without;
        warnings.push(`${object.kind} ${object.metadata.name}: ${field} does not exist and was left out`);
      }
      if (warnings.length === before) throw error;
    }
  }
}

/** Trouble of the cluster itself is thrown, for its breaker to see; the rest is an answer. */
function failureOrThrow(error: unknown, ref: ReturnType<typeof refOf>): ApplyFailure {
  const failure = applyFailure(error, ref);
  const trouble = error instanceof KubernetesError && error.unavailable && error.code !== 500;
  if (trouble || isKubernetesError(error, 'Unauthorized')) throw error;
  return failure;
}

function resultOf(outcomes: (Outcome | undefined)[]): ApplyResult {
  const result: ApplyResult = { applied: [], warnings: [] };
  const failures: ApplyFailure[] = [];
  for (const outcome of outcomes) {
    if (!outcome) continue;
    if ('failure' in outcome) failures.push(outcome.failure);
    else {
      result.applied.push(outcome.entry);
      result.warnings.push(...outcome.warnings);
    }
  }
  // A permanent failure decides, whatever else went wrong beside it.
  const worst = failures.find(({ permanent }) => permanent) ?? failures[0];
  return worst ? { ...result, failure: worst } : result;
}
