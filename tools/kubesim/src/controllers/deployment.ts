import type { Cluster } from '../api/cluster.ts';
import { findObject, saveObject } from '../api/cluster.ts';
import type { KubeObject } from '../objects/object.ts';
import { copy } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import { parse } from '../storage/store.ts';
import type { Controller } from './controller.ts';
import { itself, ownerIn } from './controller.ts';
import type { Deployment } from './deployment-status.ts';
import { count, key, report, share, total } from './deployment-status.ts';
import { recordEvent } from './events.ts';
import { controllerRef, createOwned, podsOwnedBy, removeOwned, templateHash } from './pods-of.ts';
import type { Workload } from './types.ts';
import { isActive } from './types.ts';

const sets = 'replicasets.apps';
const component = 'deployment-controller';
const revision = 'deployment.kubernetes.io/revision';

export const deploymentController: Controller = {
  name: 'deployment',
  watches: {
    [key]: itself,
    [sets]: ownerIn(key),
    pods: (change, cluster) =>
      // Recreate waits for the last pod to go.
      change.type !== 'DELETED'
        ? []
        : change.entry.owners.flatMap((uid) => {
            const set = cluster.store.byUid(uid);
            return set?.key === sets ? ownerIn(key)({ ...change, entry: set }, cluster) : [];
          }),
  },
  reconcile({ namespace, name }, context) {
    const { cluster } = context;
    const deployment = findObject<Deployment>(cluster, key, namespace, name);
    if (!deployment || deployment.metadata.deletionTimestamp) return;
    let owned = setsOf(cluster, deployment);
    const hash = templateHash(deployment.spec.template);
    let current = owned.find((set) => set.metadata.labels?.['pod-template-hash'] === hash);
    if (!deployment.spec.paused) {
      current ??= createSet(cluster, deployment, owned, hash);
      if (current) {
        takeRevision(cluster, deployment, current, owned);
        roll(cluster, deployment, current, owned);
        prune(cluster, deployment, current, owned);
      }
    }
    owned = setsOf(cluster, deployment);
    current = owned.find((set) => set.metadata.labels?.['pod-template-hash'] === hash);
    report(context, deployment, current, owned);
  },
};

const setsOf = (cluster: Cluster, deployment: KubeObject): Workload[] =>
  cluster.store
    .ownedBy(deployment.metadata.uid ?? '')
    .filter((entry) => entry.key === sets && !entry.deleting)
    .map((entry) => parse<Workload>(entry));

const revisionOf = (set: KubeObject): number => Number(set.metadata.annotations?.[revision] ?? 0);
const wantedOf = (set: Workload): number => set.spec.replicas ?? 0;

function createSet(
  cluster: Cluster,
  deployment: Deployment,
  owned: Workload[],
  hash: string,
): Workload | undefined {
  const label = { 'pod-template-hash': hash };
  const template = copy(deployment.spec.template);
  template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, ...label } };
  const made = createOwned(
    cluster,
    deployment,
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        labels: template.metadata.labels,
        annotations: { ...kept(deployment), [revision]: `${Math.max(0, ...owned.map(revisionOf)) + 1}` },
        ownerReferences: [controllerRef(deployment)],
      },
      spec: {
        replicas: 0,
        selector: {
          ...deployment.spec.selector,
          matchLabels: { ...deployment.spec.selector.matchLabels, ...label },
        },
        template,
        ...(deployment.spec.minReadySeconds ? { minReadySeconds: deployment.spec.minReadySeconds } : {}),
      },
    },
    component,
  );
  return made instanceof StatusError ? undefined : (made as Workload);
}

/** A deployment's annotations are on its replica sets too, but for kubectl's own. */
const kept = (deployment: Deployment): Record<string, string> =>
  Object.fromEntries(
    Object.entries(deployment.metadata.annotations ?? {}).filter(
      ([name]) => name !== 'kubectl.kubernetes.io/last-applied-configuration' && name !== revision,
    ),
  );

function takeRevision(cluster: Cluster, deployment: Deployment, current: Workload, owned: Workload[]): void {
  const newest = Math.max(
    0,
    ...owned.filter((set) => set.metadata.uid !== current.metadata.uid).map(revisionOf),
  );
  if (revisionOf(current) <= newest) {
    current.metadata.annotations = { ...current.metadata.annotations, [revision]: `${newest + 1}` };
    saveObject(cluster, sets, current);
  }
  const wanted = current.metadata.annotations?.[revision] ?? '1';
  if (deployment.metadata.annotations?.[revision] === wanted) return;
  deployment.metadata.annotations = { ...deployment.metadata.annotations, [revision]: wanted };
}

/** One step of a rollout: the new set grows within maxSurge, the old ones shrink within maxUnavailable. */
function roll(cluster: Cluster, deployment: Deployment, current: Workload, owned: Workload[]): void {
  const replicas = deployment.spec.replicas ?? 1;
  const old = owned.filter((set) => set.metadata.uid !== current.metadata.uid);
  const oldWanted = old.reduce((sum, set) => sum + wantedOf(set), 0);
  if (deployment.spec.strategy?.type === 'Recreate') {
    for (const set of old) scale(cluster, deployment, set, 0);
    const running = old.some((set) =>
      podsOwnedBy(cluster, set).some((pod) => isActive(pod) || pod.metadata.deletionTimestamp),
    );
    if (!running) scale(cluster, deployment, current, replicas);
    return;
  }
  const surge = share(deployment.spec.strategy?.rollingUpdate?.maxSurge, replicas, Math.ceil);
  let unavailable = share(deployment.spec.strategy?.rollingUpdate?.maxUnavailable, replicas, Math.floor);
  if (surge === 0 && unavailable === 0) unavailable = 1;
  const room = Math.max(0, replicas + surge - oldWanted - wantedOf(current));
  const grown = wantedOf(current) > replicas ? replicas : Math.min(replicas, wantedOf(current) + room);
  scale(cluster, deployment, current, grown);
  let mayGo = Math.max(
    0,
    oldWanted + grown - (replicas - unavailable) - (grown - count(current, 'availableReplicas')),
  );
  // Pods that are not available go first: they cost nothing.
  for (const set of old.toSorted((a, b) => revisionOf(a) - revisionOf(b))) {
    const idle = Math.min(mayGo, Math.max(0, wantedOf(set) - count(set, 'availableReplicas')));
    if (idle === 0) continue;
    scale(cluster, deployment, set, wantedOf(set) - idle);
    mayGo -= idle;
  }
  let spare = Math.min(
    mayGo,
    Math.max(0, total([...old, current], 'availableReplicas') - (replicas - unavailable)),
  );
  for (const set of old) {
    const step = Math.min(spare, wantedOf(set));
    if (step === 0) continue;
    scale(cluster, deployment, set, wantedOf(set) - step);
    spare -= step;
  }
}

function scale(cluster: Cluster, deployment: Deployment, set: Workload, replicas: number): void {
  const from = wantedOf(set);
  if (from === replicas) return;
  set.spec.replicas = replicas;
  set.metadata.annotations = {
    ...set.metadata.annotations,
    'deployment.kubernetes.io/desired-replicas': `${deployment.spec.replicas ?? 1}`,
  };
  saveObject(cluster, sets, set);
  const way = replicas > from ? 'up' : 'down';
  const message = `Scaled ${way} replica set ${set.metadata.name} from ${from} to ${replicas}`;
  recordEvent(cluster, {
    about: deployment,
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message,
    component,
  });
}

function prune(cluster: Cluster, deployment: Deployment, current: Workload, owned: Workload[]): void {
  const idle = owned.filter(
    (set) => set.metadata.uid !== current.metadata.uid && wantedOf(set) === 0 && count(set, 'replicas') === 0,
  );
  const surplus = idle.length - (deployment.spec.revisionHistoryLimit ?? 10);
  for (const set of idle.toSorted((a, b) => revisionOf(a) - revisionOf(b)).slice(0, Math.max(0, surplus)))
    removeOwned(cluster, set);
}
