import type { Cluster } from '../api/cluster.ts';
import type { Fields } from '../objects/object.ts';
import { fieldsOf } from '../objects/object.ts';
import { recordEvent } from './events.ts';
import type { Condition, Container, Pod } from './types.ts';
import { setCondition } from './types.ts';

type Images = (image: string) => boolean;

const imageId = (image: string): string =>
  `kubesim.invalid/${image.replace(/[:@].*$/, '')}@sha256:${'0'.repeat(64)}`;

function statusOf(pod: Pod, container: Container, state: Fields, more: Fields = {}): Fields {
  const ready = state['running'] !== undefined;
  const started = ready || state['terminated'] !== undefined;
  return {
    name: container.name,
    image: container.image,
    imageID: started ? imageId(container.image) : '',
    ...(started ? { containerID: `kubesim://${pod.metadata.uid}-${container.name}` } : {}),
    ready,
    started: ready,
    restartCount: 0,
    lastState: {},
    state,
    ...more,
  };
}

function conditions(pod: Pod, ready: boolean, initialized: boolean, at: string, reason?: string): void {
  const names = pod.spec.containers.map(({ name }) => name).join(' ');
  const unready =
    reason === 'PodCompleted'
      ? { reason }
      : { reason: 'ContainersNotReady', message: `containers with unready status: [${names}]` };
  const wanted: Condition[] = [
    { type: 'PodReadyToStartContainers', status: initialized ? 'True' : 'False' },
    {
      type: 'Initialized',
      status: initialized ? 'True' : 'False',
      ...(reason === 'PodCompleted' ? { reason } : {}),
    },
    { type: 'Ready', status: ready ? 'True' : 'False', ...(ready ? {} : unready) },
    { type: 'ContainersReady', status: ready ? 'True' : 'False', ...(ready ? {} : unready) },
  ];
  for (const next of wanted)
    pod.status.conditions = setCondition(pod.status.conditions, { lastProbeTime: null, ...next }, at);
}

function address(cluster: Cluster, pod: Pod): void {
  pod.status['hostIP'] ??= '10.0.0.1';
  pod.status['hostIPs'] ??= [{ ip: '10.0.0.1' }];
  pod.status['podIP'] ??= cluster.podIp();
  pod.status['podIPs'] ??= [{ ip: pod.status['podIP'] }];
}

const completed = (at: string): Fields => ({
  terminated: { exitCode: 0, reason: 'Completed', startedAt: at, finishedAt: at },
});

function initStatuses(pod: Pod, at: string): void {
  const init = pod.spec.initContainers ?? [];
  if (init.length === 0) return;
  pod.status['initContainerStatuses'] = init.map((container) => {
    if (container.restartPolicy === 'Always') return statusOf(pod, container, { running: { startedAt: at } });
    return statusOf(pod, container, completed(at), { ready: true, started: false });
  });
}

/** Containers run; `ready` false is a pod whose probes do not pass yet. */
export function run(cluster: Cluster, pod: Pod, ready: boolean, at: string): void {
  address(cluster, pod);
  initStatuses(pod, at);
  const before = new Map((pod.status.containerStatuses ?? []).map((status) => [status['name'], status]));
  pod.status.containerStatuses = pod.spec.containers.map((container) => {
    const was = before.get(container.name);
    return statusOf(
      pod,
      container,
      { running: { startedAt: at } },
      { ready, restartCount: Number(was?.['restartCount'] ?? 0) },
    );
  });
  pod.status.phase = 'Running';
  pod.status['observedGeneration'] = pod.metadata.generation;
  conditions(pod, ready, true, at);
}

export function succeed(cluster: Cluster, pod: Pod, at: string): void {
  run(cluster, pod, false, at);
  pod.status.containerStatuses = pod.spec.containers.map((container) =>
    statusOf(pod, container, completed(at)),
  );
  pod.status.phase = 'Succeeded';
  conditions(pod, false, true, at, 'PodCompleted');
}

/** Nothing runs yet, and why. */
export function waitFor(pod: Pod, reason: string, message: string, at: string): void {
  const state = { waiting: { reason, ...(message ? { message } : {}) } };
  pod.status.containerStatuses = pod.spec.containers.map((container) => statusOf(pod, container, state));
  conditions(pod, false, false, at);
}

export function neverPulls(cluster: Cluster, pod: Pod, isBad: Images, at: string): void {
  const state = (container: Container): Fields => {
    if (!isBad(container.image)) return { waiting: { reason: 'PodInitializing' } };
    return {
      waiting: {
        reason: 'ImagePullBackOff',
        message: `Back-off pulling image ${JSON.stringify(container.image)}`,
      },
    };
  };
  const init = pod.spec.initContainers ?? [];
  if (init.length > 0)
    pod.status['initContainerStatuses'] = init.map((container) => statusOf(pod, container, state(container)));
  const healthy = (container: Container): Fields =>
    isBad(container.image) ? state(container) : { running: { startedAt: at } };
  const blocked = init.some(({ image }) => isBad(image));
  const first = pod.status.containerStatuses === undefined;
  pod.status.containerStatuses = pod.spec.containers.map((container) =>
    statusOf(pod, container, blocked ? { waiting: { reason: 'PodInitializing' } } : healthy(container)),
  );
  conditions(pod, false, !blocked, at);
  if (!first) return;
  for (const { image, name } of [...init, ...pod.spec.containers].filter((container) =>
    isBad(container.image),
  )) {
    const say = (type: 'Normal' | 'Warning', reason: string, message: string): void =>
      recordEvent(cluster, {
        about: pod,
        type,
        reason,
        message,
        component: 'kubelet',
        fieldPath: `spec.containers{${name}}`,
      });
    say('Normal', 'Pulling', `Pulling image ${JSON.stringify(image)}`);
    say(
      'Warning',
      'Failed',
      `Failed to pull image ${JSON.stringify(image)}: rpc error: code = NotFound desc = failed to pull and unpack image ${JSON.stringify(image)}: failed to resolve reference ${JSON.stringify(image)}: not found`,
    );
    say('Warning', 'Failed', 'Error: ErrImagePull');
    say('Normal', 'BackOff', `Back-off pulling image ${JSON.stringify(image)}`);
    say('Warning', 'Failed', 'Error: ImagePullBackOff');
  }
}

/** One more crash: Failed when nothing restarts it, else CrashLoopBackOff. */
export function crash(cluster: Cluster, pod: Pod, isBad: Images, at: string): void {
  const before = new Map((pod.status.containerStatuses ?? []).map((status) => [status['name'], status]));
  const ended = {
    terminated: {
      exitCode: 1,
      reason: 'Error',
      startedAt: at,
      finishedAt: at,
      containerID: `kubesim://${pod.metadata.uid}`,
    },
  };
  address(cluster, pod);
  initStatuses(pod, at);
  const once = pod.spec.restartPolicy === 'Never';
  pod.status.containerStatuses = pod.spec.containers.map((container) => {
    if (!isBad(container.image))
      return statusOf(pod, container, once ? completed(at) : { running: { startedAt: at } });
    if (once) return statusOf(pod, container, ended);
    const restarts = Number(fieldsOf(before.get(container.name))['restartCount'] ?? 0) + 1;
    const pause = Math.min(300, 10 * 2 ** (restarts - 1));
    const message = `back-off ${pause < 60 ? `${pause}s` : `${Math.floor(pause / 60)}m${pause % 60}s`} restarting failed container=${container.name} pod=${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
    const state = { waiting: { reason: 'CrashLoopBackOff', message } };
    const more = {
      restartCount: restarts,
      lastState: ended,
      containerID: `kubesim://${pod.metadata.uid}-${container.name}`,
      imageID: imageId(container.image),
    };
    return statusOf(pod, container, state, more);
  });
  pod.status.phase = once ? 'Failed' : 'Running';
  conditions(pod, false, true, at);
  if (once) return;
  for (const container of pod.spec.containers.filter(({ image }) => isBad(image))) {
    const message = `Back-off restarting failed container ${container.name} in pod ${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
    recordEvent(cluster, {
      about: pod,
      type: 'Warning',
      reason: 'BackOff',
      message,
      component: 'kubelet',
      fieldPath: `spec.containers{${container.name}}`,
    });
  }
}
