import type { Cluster } from '../api/cluster.ts';
import { findObject, saveObject } from '../api/cluster.ts';
import { fieldsOf, timestamp } from '../objects/object.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { allIn, itself } from './controller.ts';
import { recordEvent } from './events.ts';
import { crash, neverPulls, run, succeed, waitFor } from './pod-state.ts';
import { nodeFor } from './scheduling.ts';
import { missingFor } from './pod-needs.ts';
import type { Pod } from './types.ts';
import { isReady, setCondition } from './types.ts';

const waiting = (change: Parameters<typeof itself>[0], cluster: Cluster) =>
  change.type === 'DELETED' ? [] : allIn('pods')(change, cluster);

/** scheduled → running → ready, or whatever its image says. Nodes and kubelets are this one file. */
export const podController: Controller = {
  name: 'pod',
  watches: {
    pods: itself,
    // Only pods that wait are changed by these; the others are left as they are.
    persistentvolumeclaims: waiting,
    configmaps: waiting,
    secrets: waiting,
  },
  reconcile({ namespace, name }, context) {
    const { cluster } = context;
    const pod = findObject<Pod>(cluster, 'pods', namespace, name);
    if (!pod) return;
    if (pod.metadata.deletionTimestamp) {
      if (pod.metadata.deletionGracePeriodSeconds === 0) return;
      pod.metadata.deletionGracePeriodSeconds = 0;
      saveObject(cluster, 'pods', pod);
      return;
    }
    const { phase } = pod.status;
    if (phase === 'Succeeded' || phase === 'Failed') return;
    if (phase === 'Running' && !isLate(pod)) return restartWhenDue(pod, context);
    advance(pod, context);
    saveObject(cluster, 'pods', pod);
  },
};

/** When pods that take their time began, in milliseconds: their `startTime` has whole seconds. */
const started = new WeakMap<Cluster, Map<string, number>>();

function startedAt(cluster: Cluster, pod: Pod): number {
  const starts = started.get(cluster) ?? new Map<string, number>();
  started.set(cluster, starts);
  const uid = pod.metadata.uid ?? '';
  const at = starts.get(uid) ?? cluster.now();
  starts.set(uid, at);
  return at;
}

/** Its containers run and its probes do not pass yet. */
const isLate = (pod: Pod): boolean =>
  !isReady(pod) &&
  (pod.status.containerStatuses ?? []).every((status) => fieldsOf(status['state'])['running'] !== undefined);

function advance(pod: Pod, context: ControllerContext): void {
  const { cluster, behaviour, podDelayMs, podEvents } = context;
  const now = cluster.now();
  const at = timestamp(now);
  const say = (reason: string, message: string, component: string): void => {
    if (podEvents) recordEvent(cluster, { about: pod, type: 'Normal', reason, message, component });
  };
  if (!pod.spec.nodeName) {
    const { node, why } = nodeFor(cluster, pod);
    if (!node) {
      const conditions = setCondition(
        pod.status.conditions,
        { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: why },
        at,
      );
      if (conditions !== pod.status.conditions) {
        recordEvent(cluster, {
          about: pod,
          type: 'Warning',
          reason: 'FailedScheduling',
          message: why,
          component: 'default-scheduler',
        });
      }
      pod.status.conditions = conditions;
      context.wakeAfter(5_000);
      return;
    }
    pod.spec.nodeName = node;
    pod.status.conditions = setCondition(pod.status.conditions, { type: 'PodScheduled', status: 'True' }, at);
    say(
      'Scheduled',
      `Successfully assigned ${pod.metadata.namespace}/${pod.metadata.name} to ${node}`,
      'default-scheduler',
    );
  }
  pod.status['startTime'] ??= at;
  const missing = missingFor(cluster, pod);
  if (missing) {
    const before = JSON.stringify(pod.status.containerStatuses);
    waitFor(pod, missing.waiting, missing.message, at);
    if (before !== JSON.stringify(pod.status.containerStatuses) || !before) {
      recordEvent(cluster, {
        about: pod,
        type: 'Warning',
        reason: missing.event,
        message: missing.message,
        component: 'kubelet',
      });
    }
    return;
  }
  const images = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(({ image }) => ({
    image,
    rule: behaviour.ofImage(image),
  }));
  const unpullable = images.find(({ rule }) => rule?.behaviour === 'never-pulls');
  if (unpullable) {
    neverPulls(cluster, pod, (image) => behaviour.ofImage(image)?.behaviour === 'never-pulls', at);
    return;
  }
  const late = Math.max(
    0,
    ...images.map(({ rule }) => (rule?.behaviour === 'late' ? (rule.readyAfterMs ?? 30_000) : 0)),
  );
  const delay = Math.max(podDelayMs, late);
  const since = startedAt(cluster, pod);
  if (now - since < delay) {
    if (late > podDelayMs) runUnready(pod, cluster, at);
    else waitFor(pod, 'ContainerCreating', '', at);
    if (Number.isFinite(delay)) context.wakeAfter(since + delay - now);
    return;
  }
  started.get(cluster)?.delete(pod.metadata.uid ?? '');
  for (const { image } of images)
    say('Pulled', `Container image ${JSON.stringify(image)} already present on machine`, 'kubelet');
  for (const { name } of pod.spec.containers) {
    say('Created', `Container created: ${name}`, 'kubelet');
    say('Started', `Container started: ${name}`, 'kubelet');
  }
  if (images.some(({ rule }) => rule?.behaviour === 'crashes')) {
    crash(cluster, pod, (image) => behaviour.ofImage(image)?.behaviour === 'crashes', at);
    if (pod.status.phase !== 'Failed') context.wakeAfter(backoffMs(1));
  } else if (pod.spec.restartPolicy === 'Always') {
    run(cluster, pod, true, at);
  } else {
    succeed(cluster, pod, at);
  }
}

function runUnready(pod: Pod, cluster: Cluster, at: string): void {
  const isNews = pod.status.phase !== 'Running';
  run(cluster, pod, false, at);
  if (!isNews) return;
  recordEvent(cluster, {
    about: pod,
    type: 'Warning',
    reason: 'Unhealthy',
    message: 'Readiness probe failed: HTTP probe failed with statuscode: 503',
    component: 'kubelet',
  });
}

const backoffMs = (restarts: number): number => Math.min(300_000, 10_000 * 2 ** (restarts - 1));

/** A crashing container is started again with the kubelet's pauses, and crashes again. */
function restartWhenDue(pod: Pod, context: ControllerContext): void {
  const { cluster, behaviour } = context;
  if (!pod.status.containerStatuses?.some((status) => JSON.stringify(status).includes('CrashLoopBackOff')))
    return;
  const restarts = Math.max(
    ...pod.status.containerStatuses.map((status) => Number(status['restartCount'] ?? 0)),
  );
  const last = Math.max(
    ...pod.status.containerStatuses.map(
      (status) => Date.parse(/"finishedAt":"([^"]+)"/.exec(JSON.stringify(status))?.[1] ?? '') || 0,
    ),
  );
  const due = last + backoffMs(restarts);
  if (cluster.now() + 1_000 < due) return context.wakeAfter(due - cluster.now());
  const crashes = (image: string): boolean => behaviour.ofImage(image)?.behaviour === 'crashes';
  if (behaviour.crashes(pod)) crash(cluster, pod, crashes, timestamp(cluster.now()));
  else run(cluster, pod, true, timestamp(cluster.now()));
  saveObject(cluster, 'pods', pod);
  context.wakeAfter(backoffMs(restarts + 1));
}
