import {
  type Cluster,
  type KubeObject,
  describeRef,
  inParallel,
  isKubernetesError,
  refOf,
} from '@cnap/kubernetes';

import { onlyOwn, onlyOwnClaims, onlyOwnEvents } from './belonging.ts';
import { hasHealth, healthOf, reportOf } from './health.ts';
import { isCrd } from './order.ts';
import { lastLogLines } from './logs.ts';
import type { PodInfo } from './pod-info.ts';
import type { HealthReport, InventoryEntry, Target, Waiting } from './port.ts';
import { type EventObject, explain } from './waiting.ts';
import { hasWebhooks, webhookHealth } from './webhook-health.ts';

const atOnce = 6;
const claims = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
const podKind = { apiVersion: 'v1', kind: 'Pod' };

export async function observeHealth(
  cluster: Cluster,
  inventory: InventoryEntry[],
  signal: AbortSignal,
): Promise<HealthReport> {
  const looked = inventory.filter((entry) => hasHealth(entry) && !isCrd(entry) && !entry.hook);
  const objects = await inParallel(looked, atOnce, async (entry) => {
    try {
      const object = await cluster.get(entry, signal);
      const health = healthOf(entry, object);
      if (!object || health.state !== 'current' || !hasWebhooks(entry)) return health;
      const { state, message } = await webhookHealth(cluster, object, signal);
      return { ...health, state, message: message === '' ? '' : `${describeRef(entry)}: ${message}` };
    } catch (error) {
      if (isKubernetesError(error, 'UnknownKind')) return healthOf(entry, undefined);
      throw error;
    }
  });
  return reportOf(objects);
}

/** Why things in the install's namespace wait, with the last log lines of what crashes. */
export async function explainWaiting(
  cluster: Cluster,
  target: Target,
  signal: AbortSignal,
): Promise<Waiting[]> {
  const { namespace } = target;
  const lists = await Promise.all([
    cluster.list(podKind, { namespace, signal }),
    cluster.list(claims, { namespace, signal }),
    cluster.list({ apiVersion: 'v1', kind: 'Event' }, { namespace, signal }),
  ]);
  const pods = await onlyOwn(cluster, target, lists[0], signal);
  const volumeClaims = await onlyOwnClaims(cluster, target, lists[1], pods, signal);
  const events = await onlyOwnEvents(cluster, target, lists[2] as EventObject[], signal);
  const found = explain(pods, volumeClaims, events).slice(0, 20);
  return inParallel(found, 4, async ({ crashed, ...waiting }) => {
    if (!crashed) return waiting;
    const lines = await lastLogLines(cluster, namespace, crashed.pod, crashed.container, signal);
    return lines.trim() === ''
      ? waiting
      : { ...waiting, message: `${waiting.message}. It said last:\n${lines.trimEnd()}` };
  });
}

export async function listPods(cluster: Cluster, target: Target, signal: AbortSignal): Promise<PodInfo[]> {
  const { namespace } = target;
  const [pods, events] = await Promise.all([
    cluster.list(podKind, { namespace, signal }),
    cluster.list({ apiVersion: 'v1', kind: 'Event' }, { namespace, signal }),
  ]);
  const reasons = new Map(
    explain(pods, [], events as EventObject[]).map(({ ref, message }) => [ref.name, message]),
  );
  return (await onlyOwn(cluster, target, pods, signal))
    .map((pod) => podInfo(pod, reasons.get(pod.metadata.name) ?? ''))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export async function listVolumeClaims(cluster: Cluster, target: Target, signal: AbortSignal) {
  return (await cluster.list(claims, { namespace: target.namespace, signal })).map(refOf);
}

function podInfo(pod: KubeObject, message: string): PodInfo {
  const spec = (pod['spec'] ?? {}) as { containers?: { name: string }[] };
  const status = (pod['status'] ?? {}) as {
    phase?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { name: string; restartCount: number }[];
  };
  return {
    name: pod.metadata.name,
    phase: status.phase ?? 'Unknown',
    ready: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
    restarts: (status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
    restartsOf: Object.fromEntries(
      (status.containerStatuses ?? []).map(({ name, restartCount }) => [name, restartCount]),
    ),
    containers: (spec.containers ?? []).map(({ name }) => name),
    message,
    createTime: new Date(pod.metadata.creationTimestamp ?? 0),
  };
}
