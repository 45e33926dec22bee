import type { KubeObject } from '@cnap/kubernetes';
import { describe, expect, test } from 'vitest';
import { podsLeft, ruleOf, scale, type Rule } from './asleep.ts';

const object = (apiVersion: string, kind: string, spec: object, more: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'one', namespace: 'ns' },
  spec,
  ...more,
});
const owner = (kind: string) => ({
  metadata: {
    name: 'one',
    namespace: 'ns',
    ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'its', uid: 'u', controller: true }],
  },
});
const complete = (type: string) => ({ status: { conditions: [{ type, status: 'True' }] } });
const nowhere = { template: { spec: { nodeSelector: { 'cnap.tech/install-hibernates': 'true' } } } };

const rule = (found: KubeObject): Rule => {
  const its = ruleOf(found);
  if (!its) throw new Error(`no rule for ${found.kind}`);
  return its;
};

describe('what it has that makes pods', () => {
  test.each<[string, KubeObject, number | undefined]>([
    ['three', object('apps/v1', 'Deployment', { replicas: 3 }), 3],
    ['one unless told', object('apps/v1', 'StatefulSet', {}), 1],
    ['none', object('apps/v1', 'Deployment', { replicas: 0 }), undefined],
    ['a ReplicaSet of its own', object('apps/v1', 'ReplicaSet', { replicas: 2 }), 2],
    ['one of a Deployment', object('apps/v1', 'ReplicaSet', { replicas: 2 }, owner('Deployment')), undefined],
    ['a DaemonSet', object('apps/v1', 'DaemonSet', {}), 1],
    ['one that sleeps', object('apps/v1', 'DaemonSet', nowhere), undefined],
    ['a CronJob', object('batch/v1', 'CronJob', { suspend: false }), 1],
    ['one that is suspended', object('batch/v1', 'CronJob', { suspend: true }), undefined],
    ['a Job that runs', object('batch/v1', 'Job', {}), 1],
    ['also of a CronJob', object('batch/v1', 'Job', {}, owner('CronJob')), 1],
    ['one that is suspended', object('batch/v1', 'Job', { suspend: true }), undefined],
    ['one that is complete', object('batch/v1', 'Job', {}, complete('Complete')), undefined],
    ['one that has failed', object('batch/v1', 'Job', {}, complete('Failed')), undefined],
    ['an autoscaler', object('autoscaling/v2', 'HorizontalPodAutoscaler', { minReplicas: 2 }), undefined],
    ['one that goes to zero', object('autoscaling/v2', 'HorizontalPodAutoscaler', { minReplicas: 0 }), 0],
  ])('%s: %s', (_name, found, expected) => {
    expect(rule(found).awake(found)).toBe(expected);
  });

  test('a custom resource has a scale that leaves out zero, or none at all', () => {
    expect(scale.awake(object('autoscaling/v1', 'Scale', { replicas: 4 }))).toBe(4);
    expect(scale.awake(object('autoscaling/v1', 'Scale', {}))).toBeUndefined();
    expect(scale.isLeft(object('autoscaling/v1', 'Scale', {}))).toBe(true);
  });
});

test('somebody who woke it meanwhile has the last word', () => {
  const asleep = object('apps/v1', 'Deployment', { replicas: 0 });
  const woken = object('apps/v1', 'Deployment', { replicas: 1 });
  expect([asleep, woken].map((found) => rule(found).isLeft(found))).toEqual([true, false]);
  const suspended = object('batch/v1', 'CronJob', { suspend: true });
  const goesOn = object('batch/v1', 'CronJob', {});
  expect([suspended, goesOn].map((found) => rule(found).isLeft(found))).toEqual([true, false]);
});

test('pods that end are waited for; those that nothing here puts to sleep are told', () => {
  const pod = (more: object) => object('v1', 'Pod', {}, more);
  const { ending, staying } = podsLeft([
    pod(owner('ReplicaSet')),
    pod({ ...owner('Job'), status: { phase: 'Succeeded' } }),
    pod({ ...owner('Cluster') }),
    pod({ metadata: { name: 'by-hand', namespace: 'ns' } }),
  ]);
  expect(ending).toBe(1);
  expect(staying).toEqual(['Pod ns/one', 'Pod ns/by-hand']);
});
