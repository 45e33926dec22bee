import type { Cluster } from '../api/cluster.ts';
import { findObject, listObjects } from '../api/cluster.ts';
import type { KubeObject } from '../objects/object.ts';
import { fieldsOf, listOf, textOf } from '../objects/object.ts';
import { quantity } from '../objects/quantity.ts';
import type { Pod } from './types.ts';

interface Node extends KubeObject {
  spec: { unschedulable?: boolean };
  status: { allocatable?: Record<string, string>; conditions?: { type: string; status: string }[] };
}

/** What pods have taken of each node; kept up to date by the store's changes. */
interface Taken {
  cpu: number;
  memory: number;
}

const ledgers = new WeakMap<
  Cluster,
  { byNode: Map<string, Taken>; byPod: Map<string, Taken & { node: string }> }
>();

function ledgerOf(cluster: Cluster) {
  const known = ledgers.get(cluster);
  if (known) return known;
  const ledger = { byNode: new Map<string, Taken>(), byPod: new Map<string, Taken & { node: string }>() };
  ledgers.set(cluster, ledger);
  cluster.store.subscribe(({ type, entry }) => {
    if (entry.key === 'pods' && type === 'DELETED') release(ledger, entry.uid);
  });
  for (const pod of listObjects<Pod>(cluster, 'pods')) {
    if (pod.spec.nodeName) take(ledger, pod, pod.spec.nodeName, requestsOf(pod));
  }
  return ledger;
}

type Ledger = ReturnType<typeof ledgerOf>;

function take(ledger: Ledger, pod: Pod, node: string, wanted: Taken): void {
  const taken = ledger.byNode.get(node) ?? { cpu: 0, memory: 0 };
  ledger.byNode.set(node, { cpu: taken.cpu + wanted.cpu, memory: taken.memory + wanted.memory });
  ledger.byPod.set(pod.metadata.uid ?? '', { ...wanted, node });
}

function release(ledger: Ledger, uid: string): void {
  const held = ledger.byPod.get(uid);
  const taken = held && ledger.byNode.get(held.node);
  if (!held || !taken) return;
  ledger.byPod.delete(uid);
  ledger.byNode.set(held.node, { cpu: taken.cpu - held.cpu, memory: taken.memory - held.memory });
}

function requestsOf(pod: Pod): Taken {
  const sum = { cpu: 0, memory: 0 };
  for (const container of pod.spec.containers) {
    const requests = fieldsOf(fieldsOf(container['resources'])['requests']);
    sum.cpu += quantity(textOf(requests['cpu']) || '0');
    sum.memory += quantity(textOf(requests['memory']) || '0');
  }
  return sum;
}

/** A node for the pod, or why there is none, in the scheduler's words. */
export function nodeFor(cluster: Cluster, pod: Pod): { node?: string; why: string } {
  const volumes = unboundVolume(cluster, pod);
  if (volumes) return { why: volumes };
  const nodes = listObjects<Node>(cluster, 'nodes');
  const reasons = new Map<string, number>();
  const refuse = (reason: string): void => void reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  const ledger = ledgerOf(cluster);
  const wanted = requestsOf(pod);
  const fitting = nodes.filter((node) => {
    const selector = Object.entries(pod.spec.nodeSelector ?? {});
    const pinned = fieldsOf(fieldsOf(pod['spec'])['affinity']);
    const taken = ledger.byNode.get(node.metadata.name) ?? { cpu: 0, memory: 0 };
    const has = node.status.allocatable ?? {};
    if (node.spec.unschedulable) refuse('node(s) were unschedulable');
    else if (
      selector.some(([key, value]) => node.metadata.labels?.[key] !== value) ||
      !fieldPinned(pinned, node.metadata.name)
    ) {
      refuse("node(s) didn't match Pod's node affinity/selector");
    } else if (taken.cpu + wanted.cpu > quantity(has['cpu'] ?? '0')) refuse('Insufficient cpu');
    else if (taken.memory + wanted.memory > quantity(has['memory'] ?? '0')) refuse('Insufficient memory');
    else return true;
    return false;
  });
  const used = (node: Node): number => ledger.byNode.get(node.metadata.name)?.cpu ?? 0;
  const best = fitting.toSorted((left, right) => used(left) - used(right))[0];
  if (best) {
    take(ledger, pod, best.metadata.name, wanted);
    return { node: best.metadata.name, why: '' };
  }
  const words = [...reasons]
    .toSorted()
    .map(([reason, count]) => `${count} ${reason}`)
    .join(', ');
  return { why: `0/${nodes.length} nodes are available: ${words || 'no nodes available to schedule pods'}.` };
}

/** A DaemonSet pins its pods to nodes by a required affinity on the node's name. */
function fieldPinned(affinity: object, name: string): boolean {
  const required = fieldsOf(
    fieldsOf(fieldsOf(affinity)['nodeAffinity'])['requiredDuringSchedulingIgnoredDuringExecution'],
  );
  const terms = listOf(required['nodeSelectorTerms']).map(fieldsOf);
  const pins = terms.flatMap((term) => listOf(term['matchFields']).map(fieldsOf));
  return pins.length === 0 || pins.some((pin) => listOf(pin['values']).includes(name));
}

function unboundVolume(cluster: Cluster, pod: Pod): string | undefined {
  for (const volume of pod.spec.volumes ?? []) {
    const name = textOf(fieldsOf(volume['persistentVolumeClaim'])['claimName']);
    if (!name) continue;
    const claim = findObject(cluster, 'persistentvolumeclaims', pod.metadata.namespace ?? '', name);
    if (!claim) return `persistentvolumeclaim ${JSON.stringify(name)} not found`;
    if (fieldsOf(claim['status'])['phase'] === 'Bound') continue;
    const className = textOf(fieldsOf(claim['spec'])['storageClassName']);
    const found = findObject(cluster, 'storageclasses.storage.k8s.io', '', className);
    if (found?.['volumeBindingMode'] === 'WaitForFirstConsumer') continue;
    const total = cluster.store.count('nodes');
    return `0/${total} nodes are available: pod has unbound immediate PersistentVolumeClaims. not found.`;
  }
  return undefined;
}
