import {
  type Cluster,
  type KubeObject,
  KubernetesError,
  type ObjectRef,
  describeRef,
  groupOf,
  inParallel,
  isKubernetesError,
  objectKey,
  refOf,
} from '@cnap/kubernetes';

import { onlyOwn } from './belonging.ts';
import { podsLeft, type Rule, ruleOf, rules, scale } from './asleep.ts';
import type { HibernateStep, InventoryEntry, Remembered, Target } from './port.ts';

const atOnce = 6;
const fieldManager = 'cnap-hibernation';

type Found = { object: KubeObject; ref: ObjectRef; rule: Pick<Rule, 'awake' | 'isLeft' | 'sleep' | 'wake'> };
type Outcome = 'done' | 'changed meanwhile' | string;

/**
 * Puts to sleep what makes pods. First it tells what there is to remember, then it changes exactly that: an object
 * that was changed in between (an autoscaler, a person) is remembered anew. What sleeps already is left alone, so that
 * zero is never remembered.
 */
export async function hibernate(
  cluster: Cluster,
  target: Target,
  inventory: readonly InventoryEntry[],
  remembered: readonly Remembered[],
  signal: AbortSignal,
): Promise<HibernateStep> {
  const known = new Map(remembered.map((one) => [one.uid, one]));
  const awake = (await lookAround(cluster, target, inventory, signal)).flatMap((found) => {
    const had = found.rule.awake(found.object);
    const uid = found.object.metadata.uid ?? '';
    return had === undefined || known.get(uid)?.refused ? [] : [{ ...found, uid, had }];
  });
  const news = awake.filter(({ uid, had }) => {
    const before = known.get(uid);
    return before === undefined || (!before.asleep && before.had !== had);
  });
  if (news.length > 0) {
    for (const { ref, uid, had } of news) known.set(uid, { ref, uid, had });
    return { state: 'next', remembered: [...known.values()], message: '' };
  }
  if (awake.length > 0) return scaleDown(cluster, awake, known, signal);
  const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: target.namespace, signal });
  const { ending, staying } = podsLeft(await onlyOwn(cluster, target, pods, signal));
  const state = ending > 0 ? 'waiting' : 'done';
  const refused = remembered.flatMap((one) => (one.refused ? [one.refused] : []));
  const stays = staying.length > 0 ? [`it keeps ${staying.join(', ')}`] : [];
  const message = ending > 0 ? `${ending} pods are ending.` : [...stays, ...refused].join('; ');
  return { state, remembered: [...remembered], message };
}

async function scaleDown(
  cluster: Cluster,
  awake: readonly (Found & { uid: string })[],
  known: Map<string, Remembered>,
  signal: AbortSignal,
): Promise<HibernateStep> {
  const messages: string[] = [];
  let again = true;
  // One after another by rank, so that what scales others sleeps before them.
  for (const found of awake) {
    const outcome = await patch(cluster, found, found.rule.sleep, signal);
    const before = known.get(found.uid);
    if (outcome === 'done' && before) {
      // Somebody wakes it again and again: at our pace, not at theirs.
      if (before.asleep) again = false;
      known.set(found.uid, { ...before, asleep: true });
    } else if (before && outcome !== 'changed meanwhile') {
      // There are operators that know no zero; what they run is told, and not waited for.
      if (!ruleOf(found.ref)) known.set(found.uid, { ...before, refused: outcome });
      else again = false;
      messages.push(outcome);
    }
  }
  return {
    state: again ? 'next' : 'waiting',
    remembered: [...known.values()],
    message: messages.join('; ') || 'Something on the cluster keeps scaling it up.',
  };
}

/**
 * Gives everything back that sleeps as it was left, and tells what is still to be done. What was removed meanwhile, or
 * woken by somebody, stays so.
 */
export async function revive(
  cluster: Cluster,
  remembered: readonly Remembered[],
  signal: AbortSignal,
): Promise<{ left: Remembered[]; message: string }> {
  const messages: string[] = [];
  // What was put to sleep last wakes first: an autoscaler finds its workload up.
  const outcomes = await inParallel(remembered.toReversed(), atOnce, async (one) => {
    const found = await readOne(cluster, one.ref, signal);
    if (one.refused || found?.object.metadata.uid !== one.uid || !found.rule.isLeft(found.object)) return [];
    const outcome = await patch(cluster, found, found.rule.wake(one.had), signal);
    if (outcome === 'done') return [];
    if (outcome !== 'changed meanwhile') messages.push(outcome);
    return [{ ref: one.ref, uid: one.uid, had: one.had }];
  });
  return { left: outcomes.flat().toReversed(), message: messages.join('; ') };
}

/** Only the very object, and only as it was read. */
async function patch(cluster: Cluster, found: Found, change: object, signal: AbortSignal): Promise<Outcome> {
  const { resourceVersion } = found.object.metadata;
  const body = { metadata: { resourceVersion }, ...change };
  const subresource = ruleOf(found.ref) ? {} : { subresource: 'scale' };
  try {
    await cluster.patch(found.ref, body, { fieldManager, ...subresource, signal });
    return 'done';
  } catch (error) {
    if (isKubernetesError(error, 'Conflict', 'NotFound')) return 'changed meanwhile';
    if (error instanceof KubernetesError && !error.unavailable && error.code !== 401) {
      return `${describeRef(found.ref)}: ${error.message}`;
    }
    throw error;
  }
}

/** Whatever is in the install's own namespace, whoever made it; elsewhere only what the install applied. */
async function lookAround(
  cluster: Cluster,
  target: Target,
  inventory: readonly InventoryEntry[],
  signal: AbortSignal,
): Promise<Found[]> {
  const within = await inParallel(rules, atOnce, async (rule): Promise<Found[]> => {
    try {
      const all = await cluster.list(rule, { namespace: target.namespace, signal });
      const objects = await onlyOwn(cluster, target, all, signal);
      return objects.map((object) => ({ object, ref: refOf(object), rule }));
    } catch (error) {
      // What we may not see, no install of ours can have brought.
      if (isKubernetesError(error, 'Forbidden', 'UnknownKind')) return [];
      throw error;
    }
  });
  const seen = new Set(within.flat().map(({ ref }) => objectKey(ref)));
  const others = inventory.filter(
    (entry) => entry.namespace !== undefined && !entry.hook && !seen.has(objectKey(entry)) && mayScale(entry),
  );
  const applied = await inParallel(others, atOnce, (entry) => readOne(cluster, entry, signal));
  // A custom resource sleeps before what its operator makes of it.
  return [...applied, ...within.flat()].filter((found) => found !== undefined);
}

/** Kubernetes' own groups have no others that scale. */
const mayScale = (ref: ObjectRef): boolean => {
  const group = groupOf(ref.apiVersion);
  return ruleOf(ref) !== undefined || (group.includes('.') && !group.endsWith('.k8s.io'));
};

async function readOne(cluster: Cluster, ref: ObjectRef, signal: AbortSignal): Promise<Found | undefined> {
  const rule = ruleOf(ref);
  try {
    if (rule) {
      const object = await cluster.get(ref, signal);
      return object && { object, ref, rule };
    }
    const { plural } = await cluster.resource(ref);
    const path = `/apis/${ref.apiVersion}/namespaces/${ref.namespace}/${plural}/${ref.name}/scale`;
    const object = await cluster.request<KubeObject>('GET', path, { signal });
    return { object, ref, rule: scale };
  } catch (error) {
    // Its kind has no scale, or is gone.
    if (isKubernetesError(error, 'NotFound', 'UnknownKind', 'MethodNotAllowed', 'Forbidden'))
      return undefined;
    throw error;
  }
}
