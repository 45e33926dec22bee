import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { type EventObject, explain } from './waiting.ts';

const object = (kind: string, status: object): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', namespace: 'n', uid: 'u1' },
  status,
});
const event = (
  reason: string,
  message: string,
  time = '2026-01-01T00:00:00Z',
  involvedObject: object = { kind: 'Pod', name: 'x', uid: 'u1' },
): EventObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'e', namespace: 'n' },
  reason,
  message,
  lastTimestamp: time,
  involvedObject,
});
const container = (more: object) => ({
  containerStatuses: [{ name: 'web', image: 'nginx:1', ready: false, restartCount: 0, ...more }],
});
const waiting = (reason: string, message = '') => container({ state: { waiting: { reason, message } } });
const unschedulable = (message: string) => ({
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
});

test.each<[string, object, EventObject[], string, string]>([
  [
    'image',
    waiting('ImagePullBackOff', 'not found'),
    [],
    'ImagePull',
    'The image nginx:1 cannot be pulled: not found',
  ],
  [
    'config',
    waiting('CreateContainerConfigError', 'secret "a" not found'),
    [],
    'ContainerStart',
    'Container web cannot start: secret "a" not found',
  ],
  [
    'crash',
    container({
      restartCount: 3,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 2 } },
    }),
    [],
    'CrashLoop',
    'Container web keeps crashing: it ended with exit code 2, restarted 3 times',
  ],
  [
    'memory',
    container({ restartCount: 1, lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } }),
    [],
    'CrashLoop',
    'Container web keeps crashing: it used more memory than its limit, restarted 1 times',
  ],
  [
    'short',
    unschedulable('0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.'),
    [],
    'Unschedulable',
    'No node has enough cpu and memory free: 0/1',
  ],
  [
    'taints',
    unschedulable('0/1 nodes are available: 1 node(s) had untolerated taint'),
    [],
    'Unschedulable',
    'No node fits: 0/1',
  ],
  [
    'volume',
    unschedulable('pod has unbound immediate PersistentVolumeClaims'),
    [],
    'UnboundVolume',
    'Waits for its volume',
  ],
  [
    'mount',
    { phase: 'Pending' },
    [event('FailedMount', 'configmap "a" not found')],
    'Volume',
    'A volume cannot be mounted: configmap',
  ],
  [
    'probe',
    { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] },
    [event('Unhealthy', 'Readiness probe failed: 500')],
    'ProbeFailing',
    'Runs, but does not answer its probe: Readiness probe failed: 500',
  ],
])('a pod: %s', (_what, status, events, reason, message) => {
  expect(explain([object('Pod', status)], [], events)).toMatchObject([
    { reason, message: expect.stringContaining(message) },
  ]);
});

test('a pod that is well, or just begins, has nothing to explain', () => {
  const well = {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      { name: 'web', image: 'a', ready: true, restartCount: 4, lastState: { terminated: { exitCode: 1 } } },
    ],
  };
  expect(
    explain(
      [object('Pod', well), object('Pod', waiting('ContainerCreating'))],
      [],
      [event('Unhealthy', 'before')],
    ),
  ).toEqual([]);
});

test.each([
  ['pods "a" is forbidden: exceeded quota: cnap', 'Quota'],
  ['pods "a" is forbidden: violates PodSecurity "baseline:latest": host namespaces', 'PodSecurity'],
  ['Internal error occurred: failed calling webhook "w"', 'AdmissionWebhook'],
  ['pods "a" is forbidden: maximum cpu usage per Container is 1, but limit is 2', 'Limits'],
  ['admission webhook "w" denied the request: no', 'AdmissionDenied'],
  ['something else', 'FailedCreate'],
])('%s', (message, reason) => {
  const owner = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'd', uid: 'd1' };
  const refused = event('FailedCreate', message, '2026-01-01T00:00:01Z', owner);
  expect(explain([], [], [refused])).toMatchObject([
    { reason, ref: { kind: 'DaemonSet', name: 'd' }, message: expect.stringContaining(message) },
  ]);
  // Over, once a pod could be made.
  expect(explain([], [], [refused, event('SuccessfulCreate', '', '2026-01-01T00:00:02Z', owner)])).toEqual(
    [],
  );
});

test('a claim that nothing can provide', () => {
  const claim = object('PersistentVolumeClaim', { phase: 'Pending' });
  expect(explain([], [claim], [event('FailedBinding', 'no storage class is set')])).toMatchObject([
    { reason: 'UnboundVolume' },
  ]);
  expect(explain([], [claim], [event('WaitForFirstConsumer', 'waiting')])).toEqual([]);
});
