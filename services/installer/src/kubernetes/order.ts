import { type KubeObject, type ObjectRef, groupOf, objectKey } from '@cnap/kubernetes';

import type { InventoryEntry } from './port.ts';

// Helm's install order (pkg/release/v1/util/kind_sorter.go), gathered into ranks: within one nothing waits for
// another, so that a rank is applied in parallel. Webhooks last: they must not judge what they come with.
const ranks: string[][] = [
  ['Namespace', 'PriorityClass'],
  ['ResourceQuota', 'LimitRange', 'NetworkPolicy'],
  ['CustomResourceDefinition'],
  ['PodDisruptionBudget', 'ServiceAccount', 'Secret', 'ConfigMap', 'StorageClass', 'PersistentVolume'],
  ['PersistentVolumeClaim', 'ClusterRole', 'Role', 'RuntimeClass', 'IngressClass', 'GatewayClass'],
  ['ClusterRoleBinding', 'RoleBinding'],
  ['Service'],
  ['DaemonSet', 'Pod', 'ReplicationController', 'ReplicaSet', 'Deployment', 'StatefulSet', 'Job', 'CronJob'],
  ['HorizontalPodAutoscaler', 'Ingress', 'HTTPRoute', 'Gateway'],
  ['APIService'],
  [], // everything else: custom resources
  ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'ValidatingAdmissionPolicy'],
];
const others = ranks.length - 2;
const rankByKind = new Map(
  ranks.flatMap((kinds, rank) => kinds.map((kind): [string, number] => [kind, rank])),
);

/** Objects of a lower rank are applied first and deleted last. */
export function rankOf(kind: string): number {
  return rankByKind.get(kind) ?? others;
}

/** In install order; the chart's order within a rank. */
export function installOrder<T extends { kind: string }>(objects: readonly T[]): T[] {
  return objects.toSorted((a, b) => rankOf(a.kind) - rankOf(b.kind));
}

/** The reverse, for deletion. */
export function deleteOrder<T extends { kind: string }>(objects: readonly T[]): T[] {
  return installOrder(objects).toReversed();
}

/** Neighbours of one rank, at most `size` of them: a chunk is applied in parallel and is one step. */
export function chunksOf<T extends { kind: string }>(ordered: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (const object of ordered) {
    const last = chunks.at(-1);
    const [first] = last ?? [];
    if (last && first && last.length < size && rankOf(first.kind) === rankOf(object.kind)) last.push(object);
    else chunks.push([object]);
  }
  return chunks;
}

/** CRDs, from `crds/` folders and from templates, apart from the rest. */
export function splitCrds(objects: readonly KubeObject[]): { crds: KubeObject[]; rest: KubeObject[] } {
  return {
    crds: objects.filter(isCrd),
    rest: objects.filter((object) => !isCrd(object)),
  };
}

export function isCrd(ref: { apiVersion: string; kind: string }): boolean {
  return ref.kind === 'CustomResourceDefinition' && groupOf(ref.apiVersion) === 'apiextensions.k8s.io';
}

/** What an earlier release had and the current one has not: to be pruned, in order of deletion. */
export function toPrune(before: readonly InventoryEntry[], now: readonly ObjectRef[]): InventoryEntry[] {
  const wanted = new Set(now.map(objectKey));
  return deleteOrder(before.filter((entry) => !wanted.has(objectKey(entry)) && !entry.keep && !entry.hook));
}

/** Adds what was applied to an inventory; an object that was made anew takes its old entry's place. */
export function withApplied(
  inventory: readonly InventoryEntry[],
  applied: readonly InventoryEntry[],
): InventoryEntry[] {
  const entries = new Map(inventory.map((entry) => [objectKey(entry), entry]));
  for (const entry of applied) entries.set(objectKey(entry), entry);
  return [...entries.values()];
}
