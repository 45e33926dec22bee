import { findObject, saveObject } from '../api/cluster.ts';
import type { Cluster } from '../api/cluster.ts';
import type { KubeObject } from '../objects/object.ts';
import { copy } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Controller } from './controller.ts';
import { itself, ownerIn } from './controller.ts';
import { controllerRef, createOwned, podFrom, podsOwnedBy, removeOwned, templateHash } from './pods-of.ts';
import type { Pod, Workload } from './types.ts';
import { isReady } from './types.ts';

const key = 'statefulsets.apps';
const component = 'statefulset-controller';
const hashLabel = 'controller-revision-hash';

interface StatefulSet extends Workload {
  spec: Workload['spec'] & {
    serviceName?: string;
    podManagementPolicy?: string;
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
    volumeClaimTemplates?: KubeObject[];
    persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string };
    ordinals?: { start?: number };
  };
}

export const statefulSetController: Controller = {
  name: 'statefulset',
  watches: { [key]: itself, pods: ownerIn(key) },
  reconcile({ namespace, name }, { cluster, wakeAfter }) {
    const set = findObject<StatefulSet>(cluster, key, namespace, name);
    if (!set || set.metadata.deletionTimestamp) return;
    const revision = `${name}-${templateHash(set.spec.template)}`;
    const replicas = set.spec.replicas ?? 1;
    const start = set.spec.ordinals?.start ?? 0;
    const ordered = set.spec.podManagementPolicy !== 'Parallel';
    const pods = new Map(podsOwnedBy(cluster, set).map((pod) => [pod.metadata.name, pod]));
    const ordinals = Array.from({ length: replicas }, (_, index) => start + index);
    for (const ordinal of ordinals) {
      const podName = `${name}-${ordinal}`;
      const there = pods.get(podName);
      if (!there) {
        const made = createPod(cluster, set, ordinal, revision);
        if (made instanceof StatusError) {
          wakeAfter(5_000);
          break;
        }
        pods.set(podName, made as Pod);
      }
      const pod = pods.get(podName);
      if (ordered && pod && (!isReady(pod) || pod.metadata.deletionTimestamp)) break;
    }
    const wanted = new Set(ordinals.map((ordinal) => `${name}-${ordinal}`));
    for (const pod of [...pods.values()].toReversed())
      if (!wanted.has(pod.metadata.name)) removeOwned(cluster, pod);
    const current = [...pods.values()].filter((pod) => wanted.has(pod.metadata.name));
    if (set.spec.updateStrategy?.type !== 'OnDelete') update(cluster, set, current, revision);
    report(cluster, set, current, revision);
  },
};

/** Replaces one outdated pod at a time, from the highest ordinal down to the partition. */
function update(cluster: Cluster, set: StatefulSet, pods: Pod[], revision: string): void {
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  const ordinalOf = (pod: Pod): number => Number(pod.metadata.name.slice(set.metadata.name.length + 1));
  for (const pod of pods.toSorted((left, right) => ordinalOf(right) - ordinalOf(left))) {
    if (ordinalOf(pod) < partition) return;
    if (pod.metadata.labels?.[hashLabel] !== revision) return removeOwned(cluster, pod);
    if (!isReady(pod)) return;
  }
}

function createPod(
  cluster: Cluster,
  set: StatefulSet,
  ordinal: number,
  revision: string,
): KubeObject | StatusError {
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = set.spec.volumeClaimTemplates ?? [];
  for (const template of claims) {
    const claimName = `${template.metadata.name}-${name}`;
    if (cluster.store.get('persistentvolumeclaims', set.metadata.namespace ?? '', claimName)) continue;
    const owned = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
    const claim: KubeObject = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name: claimName,
        labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
        ...(owned ? { ownerReferences: [controllerRef(set)] } : {}),
      },
      spec: copy(template['spec']),
    };
    const made = createOwned(cluster, set, claim, component);
    if (made instanceof StatusError) return made;
  }
  const pod = podFrom(
    set.spec.template,
    set,
    { name },
    {
      [hashLabel]: revision,
      'statefulset.kubernetes.io/pod-name': name,
      'apps.kubernetes.io/pod-index': `${ordinal}`,
    },
  );
  const spec = pod['spec'] as Pod['spec'];
  const volumes = claims.map((template) => ({
    name: template.metadata.name,
    persistentVolumeClaim: { claimName: `${template.metadata.name}-${name}` },
  }));
  spec.volumes = [
    ...volumes,
    ...(spec.volumes ?? []).filter((volume) => !volumes.some((mine) => mine.name === volume['name'])),
  ];
  spec['hostname'] = name;
  if (set.spec.serviceName) spec['subdomain'] = set.spec.serviceName;
  return createOwned(cluster, set, pod, component);
}

function report(cluster: Cluster, set: StatefulSet, pods: Pod[], revision: string): void {
  const live = pods.filter((pod) => !pod.metadata.deletionTimestamp);
  const updated = live.filter((pod) => pod.metadata.labels?.[hashLabel] === revision);
  const ready = live.filter(isReady).length;
  const before = set.status ?? {};
  const done = updated.length === (set.spec.replicas ?? 1) && updated.every(isReady);
  const currentRevision = done ? revision : (before['currentRevision'] ?? revision);
  set.status = {
    observedGeneration: set.metadata.generation,
    replicas: live.length,
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    availableReplicas: ready,
    currentReplicas: live.filter((pod) => pod.metadata.labels?.[hashLabel] === currentRevision).length,
    updatedReplicas: updated.length,
    currentRevision,
    updateRevision: revision,
    collisionCount: 0,
  };
  saveObject(cluster, key, set);
}
