import {
  type AccessQuestion,
  type ApiResource,
  type Cluster,
  type KindRef,
  type KubeObject,
  describeRef,
  groupOf,
  inParallel,
  installVerbs,
  isKubernetesError,
  isUsual,
  kindsOfCrd,
  refOf,
} from '@cnap/kubernetes';

import { planCrd } from './crd-plan.ts';
import { installLabel } from './owned-object.ts';
import type { Obstacle, Reach } from './port.ts';

const atOnce = 6;

const keyOf = ({ apiVersion, kind }: KindRef): string => `${apiVersion}/${kind}`;

/** What stands in the way of a package on a cluster; changes nothing, and asks about what is unusual only. */
export async function examine(cluster: Cluster, reach: Reach, signal: AbortSignal): Promise<Obstacle[]> {
  const brought = new Set(reach.crds.flatMap(kindsOfCrd).map(keyOf));
  const kinds = new Map(reach.objects.map((object) => [keyOf(object), refOf(object)]));
  const known = await inParallel([...kinds.values()], atOnce, async (kind) => ({
    kind,
    resource: await resourceOf(cluster, kind),
  }));
  const missing = known.filter(({ kind, resource }) => !resource && !brought.has(keyOf(kind)));
  const there = new Map(known.flatMap(({ kind, resource }) => (resource ? [[keyOf(kind), resource]] : [])));
  const unusual = known.flatMap(({ kind, resource }) =>
    resource && !isUsual(kind) && !brought.has(keyOf(kind)) ? [resource] : [],
  );
  const [forbidden, taken, refused] = await Promise.all([
    forbiddenTo(cluster, unusual, signal),
    takenOf(cluster, reach, there, signal),
    refusedCrds(cluster, reach.crds, signal),
  ]);
  return [
    ...missing.map(({ kind }): Obstacle => ({
      reason: 'KIND_MISSING',
      message: `has no kind ${kind.kind} of ${kind.apiVersion}, which the package brings`,
    })),
    ...forbidden,
    ...taken,
    ...refused,
  ];
}

async function resourceOf(cluster: Cluster, kind: KindRef): Promise<ApiResource | undefined> {
  try {
    return await cluster.resource(kind);
  } catch (error) {
    if (isKubernetesError(error, 'UnknownKind')) return undefined;
    throw error;
  }
}

async function forbiddenTo(
  cluster: Cluster,
  resources: readonly ApiResource[],
  signal: AbortSignal,
): Promise<Obstacle[]> {
  const questions = resources.flatMap(({ apiVersion, plural }) =>
    installVerbs.map((verb): AccessQuestion => ({ verb, group: groupOf(apiVersion), resource: plural })),
  );
  const denied = (await cluster.accessReview(questions, signal)).filter(({ allowed }) => !allowed);
  const verbsOf = new Map<string, string[]>();
  for (const { verb, group, resource } of denied) {
    const name = group === '' ? resource : `${resource}.${group}`;
    verbsOf.set(name, [...(verbsOf.get(name) ?? []), verb]);
  }
  return [...verbsOf].map(([name, lacking]) => ({
    reason: 'PERMISSIONS_MISSING',
    message: `does not let the kubeconfig's user ${lacking.join(', ')} ${name}, which the package brings`,
  }));
}

/** Objects outside the install's namespace that would have the same name in every install. */
async function takenOf(
  cluster: Cluster,
  { objects, marker }: Reach,
  resources: ReadonlyMap<string, ApiResource>,
  signal: AbortSignal,
): Promise<Obstacle[]> {
  const shared = objects.filter(({ apiVersion, kind, metadata: { name, namespace = '' } }) => {
    const resource = resources.get(keyOf({ apiVersion, kind }));
    if (!resource || name.includes(marker)) return false;
    return resource.namespaced ? namespace !== '' && !namespace.includes(marker) : true;
  });
  const found = await inParallel(shared, atOnce, async (object): Promise<Obstacle | undefined> => {
    const existing = await lookedAt(cluster, object, signal);
    if (!existing) return undefined;
    const owner = existing.metadata.labels?.[installLabel];
    const whose = owner === undefined ? 'made by somebody else' : `of install ${owner}`;
    return { reason: 'OBJECT_TAKEN', message: `has a ${describeRef(refOf(object))} already, ${whose}` };
  });
  return found.filter((obstacle) => obstacle !== undefined);
}

async function refusedCrds(
  cluster: Cluster,
  crds: readonly KubeObject[],
  signal: AbortSignal,
): Promise<Obstacle[]> {
  const found = await inParallel([...crds], atOnce, async (crd): Promise<Obstacle | undefined> => {
    const plan = planCrd(crd, await lookedAt(cluster, crd, signal));
    return plan.do === 'refuse' ? { reason: 'OBJECT_TAKEN', message: plan.message } : undefined;
  });
  return found.filter((obstacle) => obstacle !== undefined);
}

/** What may not be seen is told as a missing permission. */
async function lookedAt(
  cluster: Cluster,
  object: KubeObject,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await cluster.get(refOf(object), signal);
  } catch (error) {
    if (isKubernetesError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
