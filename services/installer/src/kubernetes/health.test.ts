import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { healthOf, reportOf } from './health.ts';

function object(apiVersion: string, kind: string, spec: object, status: object, generation = 1): KubeObject {
  return { apiVersion, kind, metadata: { name: 'x', namespace: 'n', generation }, spec, status };
}
const health = (one: KubeObject) =>
  healthOf({ apiVersion: one.apiVersion, kind: one.kind, namespace: 'n', name: 'x' }, one);

const apps = 'apps/v1';
const seen = { observedGeneration: 1 };
const ready = { replicas: 2, readyReplicas: 2, updatedReplicas: 2, availableReplicas: 2 };
const is = (type: string, status: string, more: object = {}) => ({ conditions: [{ type, status, ...more }] });

test.each<[string, KubeObject, string, string]>([
  [
    'not seen yet',
    object(apps, 'Deployment', { replicas: 2 }, {}),
    'progressing',
    'waits for its controller',
  ],
  [
    'an old generation',
    object(apps, 'Deployment', { replicas: 2 }, { ...seen, ...ready }, 2),
    'progressing',
    'the last change has not been seen yet',
  ],
  ['available', object(apps, 'Deployment', { replicas: 2 }, { ...seen, ...ready }), 'current', ''],
  ['scaled to zero', object(apps, 'Deployment', { replicas: 0 }, seen), 'current', ''],
  [
    'half available',
    object(apps, 'Deployment', { replicas: 2 }, { ...seen, ...ready, availableReplicas: 1 }),
    'progressing',
    '1 of 2 pods available',
  ],
  [
    'old pods',
    object(apps, 'Deployment', { replicas: 2 }, { ...seen, ...ready, replicas: 3 }),
    'progressing',
    '1 old pods are ending',
  ],
  [
    'refused pods',
    object(
      apps,
      'Deployment',
      {},
      { ...seen, ...is('ReplicaFailure', 'True', { message: 'exceeded quota' }) },
    ),
    'progressing',
    'The limits for this install are used up: exceeded quota',
  ],
  [
    'late',
    object(
      apps,
      'Deployment',
      {},
      { ...seen, updatedReplicas: 1, ...is('Progressing', 'False', { reason: 'ProgressDeadlineExceeded' }) },
    ),
    'progressing',
    '0 of 1 pods available (takes longer than its progress deadline)',
  ],
  [
    'rolling',
    object(
      apps,
      'StatefulSet',
      { replicas: 2 },
      { ...seen, ...ready, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
    ),
    'progressing',
    '1 of 2 pods updated',
  ],
  [
    'on delete',
    object(
      apps,
      'StatefulSet',
      { replicas: 2, updateStrategy: { type: 'OnDelete' } },
      { ...seen, ...ready, updatedReplicas: 0, currentRevision: 'a', updateRevision: 'b' },
    ),
    'current',
    '',
  ],
  [
    'partition',
    object(
      apps,
      'StatefulSet',
      { replicas: 2, updateStrategy: { rollingUpdate: { partition: 1 } } },
      { ...seen, ...ready, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
    ),
    'current',
    '',
  ],
  [
    'not ready',
    object(apps, 'StatefulSet', { replicas: 2 }, { ...seen, readyReplicas: 1 }),
    'progressing',
    '1 of 2 pods ready',
  ],
  [
    'on all nodes',
    object(
      apps,
      'DaemonSet',
      {},
      { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 },
    ),
    'current',
    '',
  ],
  [
    'on some nodes',
    object(
      apps,
      'DaemonSet',
      {},
      { ...seen, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 },
    ),
    'progressing',
    '2 of 3 pods available',
  ],
  ['done', object('batch/v1', 'Job', {}, is('Complete', 'True')), 'current', ''],
  [
    'broken',
    object('batch/v1', 'Job', {}, is('Failed', 'True', { message: 'BackoffLimitExceeded' })),
    'failed',
    'BackoffLimitExceeded',
  ],
  ['not begun', object('batch/v1', 'Job', { completions: 3 }, {}), 'progressing', 'has not begun'],
  ['under way', object('batch/v1', 'Job', { completions: 3 }, { startTime: 'now' }), 'current', ''],
  ['suspended', object('batch/v1', 'Job', { suspend: true }, {}), 'current', ''],
  ['paused', object(apps, 'Deployment', { replicas: 2, paused: true }, seen), 'current', ''],
  [
    'unavailable',
    object(
      apps,
      'Deployment',
      { replicas: 2 },
      { ...seen, ...ready, ...is('Available', 'False', { message: 'too few' }) },
    ),
    'progressing',
    'too few',
  ],
  ['ended', object('v1', 'Pod', {}, { phase: 'Failed', message: 'evicted' }), 'failed', 'evicted'],
  [
    'says that it works on it',
    object('example.com/v1', 'Widget', {}, is('Reconciling', 'True', { message: 'almost' })),
    'progressing',
    'almost',
  ],
  [
    'says that it is stuck',
    object('example.com/v1', 'Widget', {}, is('Stalled', 'True', { reason: 'NoBackend' })),
    'failed',
    'NoBackend',
  ],
  ['bound', object('v1', 'PersistentVolumeClaim', {}, { phase: 'Bound' }), 'current', ''],
  [
    'unbound',
    object('v1', 'PersistentVolumeClaim', {}, { phase: 'Pending' }),
    'progressing',
    'waits for a volume',
  ],
  ['lost', object('v1', 'PersistentVolumeClaim', {}, { phase: 'Lost' }), 'failed', 'its volume is lost'],
  [
    'no address',
    object('v1', 'Service', { type: 'LoadBalancer' }, { loadBalancer: {} }),
    'progressing',
    'waits for an address from a load balancer',
  ],
  ['inside only', object('v1', 'Service', { type: 'ClusterIP' }, {}), 'current', ''],
  ['says nothing', object('example.com/v1', 'Widget', {}, {}), 'current', ''],
  [
    'says no',
    object('example.com/v1', 'Widget', {}, is('Ready', 'False', { message: 'no backend' })),
    'progressing',
    'no backend',
  ],
  [
    'no pods',
    object(
      'apiregistration.k8s.io/v1',
      'APIService',
      {},
      is('Available', 'False', { message: 'MissingEndpoints' }),
    ),
    'progressing',
    'MissingEndpoints',
  ],
])('%s', (_what, one, state, message) => {
  expect(health(one)).toMatchObject({ state, message: message === '' ? '' : `${one.kind} n/x: ${message}` });
});

test('what gates decides; the rest is a warning', () => {
  const deployment = health(
    object(apps, 'Deployment', { replicas: 1 }, { ...seen, ...ready, replicas: 1, updatedReplicas: 1 }),
  );
  const widget = health(
    object('example.com/v1', 'Widget', {}, is('Ready', 'False', { message: 'no backend' })),
  );
  const job = health(object('batch/v1', 'Job', {}, is('Failed', 'True', { message: 'broke' })));
  expect(reportOf([deployment, widget])).toMatchObject({
    state: 'current',
    warnings: ['Widget n/x: no backend'],
  });
  expect(reportOf([deployment, job])).toMatchObject({ state: 'failed', message: 'Job n/x: broke' });
  expect(reportOf([])).toMatchObject({ state: 'current' });
});

test('a source can say to wait for what does not gate by itself', () => {
  const widget = object('example.com/v1', 'Widget', {}, is('Ready', 'False', { message: 'no backend' }));
  const ref = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'x', wait: true };
  expect(reportOf([healthOf(ref, widget)])).toMatchObject({ state: 'progressing', warnings: [] });
});

test('a missing object is waited for, but a finished Job may be gone', () => {
  expect(healthOf({ apiVersion: apps, kind: 'Deployment', name: 'x' }, undefined)).toMatchObject({
    state: 'progressing',
    gates: true,
  });
  expect(healthOf({ apiVersion: 'batch/v1', kind: 'Job', name: 'x' }, undefined).state).toBe('current');
});
