import { type KubeObject, type ObjectRef, refOf } from '@cnap/kubernetes';

import type { Waiting } from './port.ts';

export type EventObject = KubeObject & {
  involvedObject?: { kind?: string; name?: string; uid?: string; apiVersion?: string };
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
};

/** Why something waits; with `crashed`, the container's last log lines are worth adding. */
export type Explanation = Waiting & { crashed?: { pod: string; container: string } };

type State = {
  waiting?: { reason?: string; message?: string };
  terminated?: { exitCode?: number; reason?: string };
  running?: object;
};
type ContainerStatus = {
  name: string;
  image: string;
  ready: boolean;
  restartCount: number;
  state?: State;
  lastState?: State;
};
type PodStatus = {
  phase?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
};

/** Why pods, claims and workloads in a namespace wait, from what they and the events say. */
export function explain(pods: KubeObject[], claims: KubeObject[], events: EventObject[]): Explanation[] {
  const told = latestByObject(events);
  return [
    ...pods.flatMap((pod) => explainPod(pod, told(pod)) ?? []),
    ...claims.flatMap((claim) => explainClaim(claim, told(claim)) ?? []),
    ...failedCreations(events),
  ];
}

function explainPod(pod: KubeObject, events: Map<string, EventObject>): Explanation | undefined {
  const ref = refOf(pod);
  const status = (pod['status'] ?? {}) as PodStatus;
  const unschedulable = status.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  if (unschedulable) return { ref, ...explainScheduling(unschedulable.message ?? '') };
  for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const found = explainContainer(ref, container);
    if (found) return found;
  }
  const mount = events.get('FailedMount') ?? events.get('FailedAttachVolume');
  if (status.phase === 'Pending' && mount) {
    return { ref, reason: 'Volume', message: `A volume cannot be mounted: ${mount.message ?? ''}` };
  }
  const sandbox = events.get('FailedCreatePodSandBox');
  if (status.phase === 'Pending' && sandbox) {
    return {
      ref,
      reason: 'PodNetwork',
      message: `The pod's network cannot be set up: ${sandbox.message ?? ''}`,
    };
  }
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  const unhealthy = events.get('Unhealthy');
  if (status.phase === 'Running' && ready?.status === 'False' && unhealthy) {
    return {
      ref,
      reason: 'ProbeFailing',
      message: `Runs, but does not answer its probe: ${unhealthy.message ?? ''}`,
    };
  }
  return undefined;
}

const cannotPull = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
]);
const cannotStart = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError']);

function explainContainer(ref: ObjectRef, container: ContainerStatus): Explanation | undefined {
  const { waiting, terminated } = container.state ?? {};
  const why = waiting?.reason ?? '';
  if (cannotPull.has(why)) {
    return {
      ref,
      reason: 'ImagePull',
      message: `The image ${container.image} cannot be pulled: ${waiting?.message || why}`,
    };
  }
  if (cannotStart.has(why)) {
    return {
      ref,
      reason: 'ContainerStart',
      message: `Container ${container.name} cannot start: ${waiting?.message || why}`,
    };
  }
  const ended = terminated ?? container.lastState?.terminated;
  const crashing =
    why === 'CrashLoopBackOff' ||
    (!container.ready && container.restartCount > 0 && (ended?.exitCode ?? 0) !== 0);
  if (!crashing) return undefined;
  const cause =
    ended?.reason === 'OOMKilled'
      ? 'used more memory than its limit'
      : `ended with exit code ${ended?.exitCode ?? '?'}`;
  return {
    ref,
    reason: 'CrashLoop',
    message: `Container ${container.name} keeps crashing: it ${cause}, restarted ${container.restartCount} times`,
    crashed: { pod: ref.name, container: container.name },
  };
}

function explainScheduling(message: string): { reason: string; message: string } {
  if (/unbound immediate PersistentVolumeClaims|persistentvolumeclaim/i.test(message)) {
    return { reason: 'UnboundVolume', message: `Waits for its volume: ${message}` };
  }
  const short = [
    ...new Set([...message.matchAll(/Insufficient ([\w./-]+)/g)].map(([, resource]) => resource ?? '')),
  ];
  if (short.length > 0)
    return {
      reason: 'Unschedulable',
      message: `No node has enough ${short.join(' and ').replaceAll(/[.,]+$/g, '')} free: ${message}`,
    };
  if (message.includes('no nodes available'))
    return { reason: 'Unschedulable', message: 'The cluster has no nodes.' };
  return { reason: 'Unschedulable', message: `No node fits: ${message}` };
}

function explainClaim(claim: KubeObject, events: Map<string, EventObject>): Explanation | undefined {
  const { phase } = (claim['status'] ?? {}) as { phase?: string };
  const trouble = events.get('ProvisioningFailed') ?? events.get('FailedBinding');
  if (phase !== 'Pending' || !trouble) return undefined;
  return {
    ref: refOf(claim),
    reason: 'UnboundVolume',
    message: `The volume cannot be made: ${trouble.message ?? ''}`,
  };
}

/** Workloads whose pods are refused: quota, Pod Security, an admission webhook that is down. */
function failedCreations(events: EventObject[]): Explanation[] {
  const latest = new Map<string, EventObject>();
  for (const event of events) {
    if (event.reason !== 'FailedCreate' && event.reason !== 'SuccessfulCreate') continue;
    const uid = event.involvedObject?.uid ?? '';
    const before = latest.get(uid);
    if (!before || timeOf(before) <= timeOf(event)) latest.set(uid, event);
  }
  return [...latest.values()].flatMap((event) => {
    if (event.reason !== 'FailedCreate') return [];
    const { apiVersion = '', kind = '', name = '' } = event.involvedObject ?? {};
    const { namespace } = event.metadata;
    return { ref: { apiVersion, kind, name, namespace }, ...explainRefusal(event.message ?? '') };
  });
}

/** Why the API server refuses a pod. */
export function explainRefusal(message: string): { reason: string; message: string } {
  if (message.includes('exceeded quota'))
    return { reason: 'Quota', message: `The limits for this install are used up: ${message}` };
  if (message.includes('violates PodSecurity')) {
    return {
      reason: 'PodSecurity',
      message: `Its pods ask for more rights than the cluster grants: ${message}`,
    };
  }
  if (
    /(minimum|maximum) (cpu|memory|storage)|must specify (limits|requests)|less than or equal to \w+ limit/.test(
      message,
    )
  ) {
    return { reason: 'Limits', message: `It asks for more, or less, than the cluster allows: ${message}` };
  }
  if (/admission webhook "[^"]*" denied the request|ValidatingAdmissionPolicy/.test(message)) {
    return { reason: 'AdmissionDenied', message: `A rule of the cluster forbids it: ${message}` };
  }
  if (message.includes('failed calling webhook')) {
    return {
      reason: 'AdmissionWebhook',
      message: `A webhook of the cluster that has to agree does not answer: ${message}`,
    };
  }
  return { reason: 'FailedCreate', message: `Its pods cannot be made: ${message}` };
}

function latestByObject(events: EventObject[]): (object: KubeObject) => Map<string, EventObject> {
  const byObject = new Map<string, Map<string, EventObject>>();
  for (const event of events.toSorted((a, b) => timeOf(a) - timeOf(b))) {
    const uid = event.involvedObject?.uid ?? '';
    const known = byObject.get(uid) ?? new Map<string, EventObject>();
    known.set(event.reason ?? '', event);
    byObject.set(uid, known);
  }
  return (object) => byObject.get(object.metadata.uid ?? '') ?? new Map();
}

function timeOf(event: EventObject): number {
  return Date.parse(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '') || 0;
}
