// Hooks that do work: in order, until they have ended, with their last words when they fail.
import type { Hook } from '@cnap/helm';
import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { baseline, newTarget } from '../engine-driver.ts';
import type { HookProgress, HookStep, Target } from '../port.ts';
import { type Driver, configMap, imageThat, job } from './workloads.ts';

const hookOf = (object: KubeObject, weight: number, deletePolicies: Hook['deletePolicies']): Hook => ({
  object,
  source: undefined,
  events: ['pre-install'],
  weight,
  deletePolicies,
});

export function hookCases({ engine, cluster, until, remove, signal }: Driver): void {
  const run = async (target: Target, hooks: Hook[], name = 'run-1') => {
    const steps: HookStep[] = [];
    let progress: HookProgress = { completed: [] };
    await until(async () => {
      for (;;) {
        const step = await engine.runHooks(target, hooks, 'pre-install', name, progress, signal);
        ({ progress } = step);
        steps.push(step);
        if (step.state === 'done' || step.state === 'failed') return true;
        if (step.state === 'waiting') return undefined;
      }
    }, 'the hooks have ended');
    const last = steps.at(-1);
    if (!last) throw new Error('no step');
    return { last, applied: steps.flatMap((step) => step.applied) };
  };
  const jobsIn = async ({ namespace }: Target) =>
    (await cluster.list({ apiVersion: 'batch/v1', kind: 'Job' }, { namespace })).map(
      ({ metadata }) => metadata.name,
    );

  test('jobs are run one after the other by their weight; what succeeded goes where it should', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const hooks = [
      hookOf(job('second'), 5, ['before-hook-creation']),
      hookOf(job('first'), -5, ['before-hook-creation', 'hook-succeeded']),
    ];
    const { last, applied } = await run(target, hooks);
    expect(last.state).toBe('done');
    expect(applied.map(({ name }) => name)).toEqual(['first', 'second']);
    expect(await jobsIn(target)).toEqual(['second']);
    await remove(target, applied);
  });

  test('a job that fails ends the run, with what it said last', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const failing = job('failing', { image: imageThat('crashes'), spec: { backoffLimit: 0 } });
    const hooks = [
      hookOf(failing, 0, ['before-hook-creation', 'hook-failed']),
      hookOf(job('never'), 1, ['before-hook-creation']),
    ];
    const { last, applied } = await run(target, hooks);
    expect(last).toMatchObject({
      state: 'failed',
      progress: {
        completed: [],
        failed: {
          message: expect.stringContaining('Job has reached the specified backoff limit'),
          logs: expect.stringMatching(/./),
        },
      },
    });
    expect(applied.map(({ name }) => name)).toEqual(['failing']);
    await until(async () => ((await jobsIn(target)).length === 0 ? true : undefined), 'it is cleaned up');
    await remove(target, applied);
  });

  test('a hook that cannot be made fails the run, and an earlier run is not taken for this one', async () => {
    const target = newTarget();
    await engine.prepareNamespace(target, baseline, signal);
    const good = [hookOf(configMap('good'), 0, ['before-hook-creation'])];
    const at = { apiVersion: 'v1', kind: 'ConfigMap', namespace: target.namespace, name: 'good' };
    const uid = async () => (await cluster.get(at))?.metadata.uid;
    expect((await run(target, good)).last.state).toBe('done');
    const first = await uid();
    expect((await run(target, good)).last.state).toBe('done');
    expect(await uid()).toBe(first);
    expect((await run(target, good, 'run-2')).last.state).toBe('done');
    expect(await uid()).not.toBe(first);
    const { last } = await run(target, [hookOf(configMap('Not Good'), 0, ['before-hook-creation'])]);
    expect(last).toMatchObject({
      state: 'failed',
      progress: { failed: { message: expect.stringContaining('Invalid value') } },
    });
    await remove(target, []);
  });
}
