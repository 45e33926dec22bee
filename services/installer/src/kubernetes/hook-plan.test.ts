import { type Hook, hookOf } from '@cnap/helm';
import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { hooksFor, keyOfHook, lookAtHook, planHooks, runAnnotation } from './hook-plan.ts';

const versions: Record<string, string> = {
  Job: 'batch/v1',
  CustomResourceDefinition: 'apiextensions.k8s.io/v1',
};

function hook(name: string, annotations: Record<string, string> = {}, kind = 'Job'): Hook {
  const object: KubeObject = {
    apiVersion: versions[kind] ?? 'v1',
    kind,
    metadata: { name, annotations: { 'helm.sh/hook': 'pre-install', ...annotations } },
  };
  const found = hookOf(object, undefined);
  if (!found) throw new Error('no hook');
  return found;
}
const existing = (run: string, status: object = {}, more: object = {}): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  status,
  metadata: {
    name: 'a',
    annotations: { [runAnnotation]: run },
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...more,
  },
});
const start = Date.parse('2026-01-01T00:00:00Z');

test('hooks of an event run by weight, then name, then kind as Helm installs kinds', () => {
  const hooks = [
    hook('c'),
    hook('b', { 'helm.sh/hook-weight': '-1' }),
    hook('a'),
    hook('a', {}, 'ServiceAccount'),
    hook('z', {}, 'ConfigMap'),
    hook('post', { 'helm.sh/hook': 'post-install' }),
  ];
  const names = hooksFor(hooks, 'pre-install').map(({ object }) => `${object.kind} ${object.metadata.name}`);
  expect(names).toEqual(['Job b', 'ServiceAccount a', 'Job a', 'Job c', 'ConfigMap z']);
});

test('one after the other, then those are removed whose policy says so', () => {
  const [a, b] = [hook('a', { 'helm.sh/hook-delete-policy': 'hook-succeeded' }), hook('b')];
  expect(planHooks([a, b], { completed: [] })).toEqual({ do: 'look', hook: a });
  expect(planHooks([a, b], { completed: [keyOfHook(a)] })).toEqual({ do: 'look', hook: b });
  expect(planHooks([a, b], { completed: [keyOfHook(a), keyOfHook(b)] })).toEqual({
    do: 'remove',
    hooks: [a],
  });
  expect(planHooks([b], { completed: [keyOfHook(b)] })).toEqual({ do: 'finish' });
});

test('a CRD that is a hook is never deleted: its resources would go with it', () => {
  const crd = hook('x', { 'helm.sh/hook-delete-policy': 'hook-succeeded' }, 'CustomResourceDefinition');
  expect(planHooks([crd], { completed: [keyOfHook(crd)] })).toEqual({ do: 'finish' });
  expect(lookAtHook(crd, existing('run-1'), 'run-2', start, 1_000)).toBe('create');
  expect(lookAtHook(crd, existing('run-2'), 'run-2', start, 1_000)).toBe('succeeded');
});

test('a failed hook ends the run, and goes only when its policy says so', () => {
  const [kept, gone] = [hook('a'), hook('b', { 'helm.sh/hook-delete-policy': 'hook-failed' })];
  const failed = (one: Hook) => ({ hook: keyOfHook(one), message: 'm', logs: 'l' });
  expect(planHooks([kept, gone], { completed: [], failed: failed(kept) })).toEqual({ do: 'finish' });
  expect(planHooks([kept, gone], { completed: [keyOfHook(kept)], failed: failed(gone) })).toEqual({
    do: 'remove',
    hooks: [gone],
  });
});

test.each<[string, KubeObject | undefined, ReturnType<typeof lookAtHook>]>([
  ['absent', undefined, 'create'],
  ['of another run', existing('run-0'), 'replace'],
  ['going', existing('run-0', {}, { deletionTimestamp: 'now' }), 'wait'],
  ['running', existing('run-1'), 'wait'],
  ['complete', existing('run-1', { conditions: [{ type: 'Complete', status: 'True' }] }), 'succeeded'],
  [
    'failed',
    existing('run-1', { conditions: [{ type: 'Failed', status: 'True', message: 'backoff' }] }),
    { failed: 'Job a: backoff' },
  ],
])('a hook that is %s', (_what, object, look) => {
  expect(lookAtHook(hook('a'), object, 'run-1', start + 1000, 60_000)).toEqual(look);
});

test('a hook has a deadline; kinds that do not run are done when they are there', () => {
  expect(lookAtHook(hook('a'), existing('run-1'), 'run-1', start + 61_000, 60_000)).toEqual({
    failed: 'Job a did not finish within 60 s',
  });
  const configMap = { ...existing('run-1'), apiVersion: 'v1', kind: 'ConfigMap' };
  expect(lookAtHook(hook('a', {}, 'ConfigMap'), configMap, 'run-1', start, 60_000)).toBe('succeeded');
});
