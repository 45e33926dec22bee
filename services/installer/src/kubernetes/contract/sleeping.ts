// Scaled to zero and back, whatever makes the pods.
import type { KubeObject } from '@cnap/kubernetes';
import { widgetCrd } from '@cnap/testing';
import { expect, test } from 'vitest';

import { baseline, newTarget } from '../engine-driver.ts';
import type { HibernateStep, InventoryEntry, Remembered, Target } from '../port.ts';
import { type Driver, daemonSet, deployment, job, statefulSet } from './workloads.ts';

/** A CRD whose resources have replicas to scale, as operators bring them. */
function scalableCrd(group: string): KubeObject {
  const crd = widgetCrd(group);
  const { versions } = crd['spec'] as { versions: Record<string, unknown>[] };
  for (const version of versions) {
    version['subresources'] = {
      status: {},
      scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
    };
  }
  return crd;
}

export function sleepingCases({ engine, cluster, until, remove, becomeHealthy, signal }: Driver): void {
  const sleep = async (target: Target, inventory: InventoryEntry[], remembered: Remembered[] = []) => {
    let step: HibernateStep = { state: 'next', remembered, message: '' };
    await until(async () => {
      do step = await engine.hibernate(target, inventory, step.remembered, signal);
      while (step.state === 'next');
      return step.state === 'done' || undefined;
    }, 'asleep');
    return step.remembered;
  };
  const wake = async (target: Target, remembered: Remembered[]) => {
    let left = remembered;
    await until(async () => {
      ({ left } = await engine.revive(target, left, signal));
      return left.length === 0 || undefined;
    }, 'awake');
  };

  test('everything that makes pods sleeps, and has what it had when it wakes', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const cron: KubeObject = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'cron' },
      spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: job('unused')['spec'] } },
    };
    const objects = [
      deployment('web', { spec: { replicas: 3 } }),
      deployment('off', { spec: { replicas: 0 } }),
      statefulSet('db', { spec: { replicas: 2 } }),
      daemonSet('agent'),
      cron,
    ];
    const { applied } = await engine.applyObjects(target, objects, signal);
    await becomeHealthy(target, applied);
    const had = (await engine.listPods(target, signal)).length;
    expect(had).toBeGreaterThanOrEqual(6);

    const remembered = await sleep(target, applied);
    expect(await engine.listPods(target, signal)).toEqual([]);
    const told = remembered.map((one) => [one.ref.kind, one.ref.name, one.had]);
    expect(told.toSorted((a, b) => (String(a) < String(b) ? -1 : 1))).toEqual([
      ['CronJob', 'cron', 1],
      ['DaemonSet', 'agent', 1],
      ['Deployment', 'web', 3],
      ['StatefulSet', 'db', 2],
    ]);

    await wake(target, remembered);
    await becomeHealthy(target, applied);
    expect(await engine.listPods(target, signal)).toHaveLength(had);
    const at = { apiVersion: 'batch/v1', kind: 'CronJob', namespace: target.namespace, name: 'cron' };
    expect((await cluster.get(at))?.['spec']).toMatchObject({ suspend: false });
    await remove(target, applied);
  });

  test('custom resources sleep by their scale; what has been scaled meanwhile is remembered anew', async () => {
    const target = newTarget();
    const group = `s${process.pid}${target.namespace.slice(-3)}.example.com`;
    await engine.prepareNamespace(target, baseline, signal);
    const crd = scalableCrd(group);
    const crds = await until(async () => {
      const result = await engine.applyCrds(target, [crd], signal);
      if (result.failure) throw new Error(result.failure.message);
      return result.established ? result.applied : undefined;
    }, 'established');
    const apiVersion = `${group}/v1`;
    const widget: KubeObject = { apiVersion, kind: 'Widget', metadata: { name: 'w' }, spec: { replicas: 4 } };
    const { applied } = await engine.applyObjects(target, [widget], signal);
    const at = { apiVersion, kind: 'Widget', namespace: target.namespace, name: 'w' };

    const first = await engine.hibernate(target, applied, [], signal);
    expect(first).toMatchObject({ state: 'next', remembered: [{ ref: { kind: 'Widget' }, had: 4 }] });
    await cluster.patch(at, { spec: { replicas: 5 } }, { fieldManager: 'operator' });
    const remembered = await sleep(target, applied, first.remembered);
    expect(remembered).toMatchObject([{ had: 5, asleep: true }]);
    expect((await cluster.get(at))?.['spec']).toMatchObject({ replicas: 0 });
    await wake(target, remembered);
    expect((await cluster.get(at))?.['spec']).toMatchObject({ replicas: 5 });
    await remove(target, [...applied, ...crds]);
  });
}
