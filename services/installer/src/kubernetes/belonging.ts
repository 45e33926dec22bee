// What of a namespace is an install's, where others have theirs in it, too: that of a release that Helm had made.
import { type Cluster, type KindRef, type KubeObject, inParallel, isKubernetesError } from '@cnap/kubernetes';

import { ownerOf } from './owned-object.ts';
import type { Target } from './port.ts';

const atOnce = 6;
/** Such as pod, ReplicaSet, Deployment, and what an operator made that of. */
const deepest = 6;

const keyOf = ({ apiVersion, kind }: KindRef): string => `${apiVersion}/${kind}`;

/** Those that the install applied, and what became of them: whoever owns them, owns them in its name. */
export async function onlyOwn<T extends KubeObject>(
  cluster: Cluster,
  target: Target,
  objects: readonly T[],
  signal: AbortSignal,
): Promise<T[]> {
  if (!target.existing) return [...objects];
  const known = new Map(objects.map((object) => [object.metadata.uid ?? '', object as KubeObject]));
  const listed = new Set<string>();
  for (let depth = 0; depth < deepest; depth += 1) {
    const owners = [...known.values()].flatMap(({ metadata }) => metadata.ownerReferences ?? []);
    const missing = owners.filter((owner) => !known.has(owner.uid) && !listed.has(keyOf(owner)));
    if (missing.length === 0) break;
    for (const object of await listKinds(cluster, target, missing, signal)) {
      known.set(object.metadata.uid ?? '', object);
    }
    for (const owner of missing) listed.add(keyOf(owner));
  }
  const isOwn = (object: KubeObject, above = 0): boolean =>
    ownerOf(object, target) === 'this' ||
    (object.metadata.ownerReferences ?? []).some(({ uid }) => {
      const owner = known.get(uid);
      return owner !== undefined && above < deepest && isOwn(owner, above + 1);
    });
  return objects.filter((object) => isOwn(object));
}

/** Of volume claims also those that its pods use: a StatefulSet's are nobody's. */
export async function onlyOwnClaims(
  cluster: Cluster,
  target: Target,
  claims: readonly KubeObject[],
  ownPods: readonly KubeObject[],
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const own = new Set(await onlyOwn(cluster, target, claims, signal));
  const used = new Set(ownPods.flatMap(claimsOf));
  return claims.filter((claim) => own.has(claim) || used.has(claim.metadata.name));
}

type Volume = { persistentVolumeClaim?: { claimName?: string } };
const claimsOf = (pod: KubeObject): string[] =>
  ((pod['spec'] ?? {}) as { volumes?: Volume[] }).volumes?.flatMap(
    ({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? [],
  ) ?? [];

type About = { involvedObject?: { apiVersion?: string; kind?: string; name?: string } };

/** Of events those about objects that are there and the install's; whose one was that is gone, nobody can tell. */
export async function onlyOwnEvents<T extends KubeObject & About>(
  cluster: Cluster,
  target: Target,
  events: readonly T[],
  signal: AbortSignal,
): Promise<T[]> {
  if (!target.existing) return [...events];
  const kinds = events.flatMap(({ involvedObject: { apiVersion = '', kind = '' } = {} }) =>
    apiVersion === '' || kind === '' ? [] : [{ apiVersion, kind }],
  );
  const about = await listKinds(cluster, target, kinds, signal);
  const own = new Set(
    (await onlyOwn(cluster, target, about, signal)).map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  );
  return events.filter(({ involvedObject: { kind = '', name = '' } = {} }) => own.has(`${kind}/${name}`));
}

/** All of those kinds in the namespace; what is not to be seen, or is no kind of a namespace, is left out. */
async function listKinds(
  cluster: Cluster,
  { namespace }: Target,
  kinds: readonly KindRef[],
  signal: AbortSignal,
): Promise<KubeObject[]> {
  const distinct = [...new Map(kinds.map((kind) => [keyOf(kind), kind])).values()];
  const lists = await inParallel(distinct, atOnce, async (kind) => {
    try {
      const { namespaced } = await cluster.resource(kind);
      return namespaced ? await cluster.list(kind, { namespace, signal }) : [];
    } catch (error) {
      if (isKubernetesError(error, 'UnknownKind', 'Forbidden', 'NotFound', 'MethodNotAllowed')) return [];
      throw error;
    }
  });
  return lists.flat();
}
