import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { chunksOf, deleteOrder, installOrder, splitCrds, toPrune, withApplied } from './order.ts';

const object = (kind: string, name = 'x', apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name },
});
const entry = (kind: string, name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind,
  namespace: 'n',
  name,
  uid: `${kind}-${name}`,
  ...more,
});
const kinds = (objects: { kind: string }[]) => objects.map(({ kind }) => kind);

test('what others need comes first, webhooks come last, and deletion is the reverse', () => {
  const mixed = [
    'ValidatingWebhookConfiguration',
    'Widget',
    'Deployment',
    'Service',
    'Secret',
    'Namespace',
    'Ingress',
  ].map((kind) => object(kind));
  const ordered = [
    'Namespace',
    'Secret',
    'Service',
    'Deployment',
    'Ingress',
    'Widget',
    'ValidatingWebhookConfiguration',
  ];
  expect(kinds(installOrder(mixed))).toEqual(ordered);
  expect(kinds(deleteOrder(mixed))).toEqual(ordered.toReversed());
});

test("the chart's order stays within a rank", () => {
  const names = installOrder([object('ConfigMap', 'b'), object('Secret', 'c'), object('ConfigMap', 'a')]).map(
    ({ metadata }) => metadata.name,
  );
  expect(names).toEqual(['b', 'c', 'a']);
});

test('a chunk never holds two ranks, and is never larger than asked', () => {
  const ordered = [
    object('Secret'),
    object('ConfigMap'),
    object('Secret'),
    object('Service'),
    object('Deployment'),
  ];
  expect(chunksOf(ordered, 2).map(kinds)).toEqual([
    ['Secret', 'ConfigMap'],
    ['Secret'],
    ['Service'],
    ['Deployment'],
  ]);
});

test('CRDs are told by group and kind', () => {
  const crd = object('CustomResourceDefinition', 'a', 'apiextensions.k8s.io/v1');
  const imposter = object('CustomResourceDefinition', 'b', 'example.com/v1');
  expect(splitCrds([imposter, crd])).toEqual({ crds: [crd], rest: [imposter] });
});

test('what left the manifests is pruned, whatever its version; kept objects and hooks are not', () => {
  const before = [
    entry('Secret', 'gone'),
    entry('Deployment', 'gone'),
    entry('Secret', 'stays'),
    entry('PersistentVolumeClaim', 'kept', { keep: true }),
    entry('Job', 'hook', { hook: true }),
  ];
  expect(toPrune(before, [entry('Secret', 'stays')]).map(({ uid }) => uid)).toEqual([
    'Deployment-gone',
    'Secret-gone',
  ]);
  expect(
    toPrune(
      [{ ...entry('HPA', 'a'), apiVersion: 'autoscaling/v1' }],
      [{ ...entry('HPA', 'a'), apiVersion: 'autoscaling/v2' }],
    ),
  ).toEqual([]);
});

test('an object that was made anew takes its old place in the inventory', () => {
  const inventory = withApplied(
    [entry('Secret', 'a'), entry('Secret', 'b')],
    [{ ...entry('Secret', 'a'), uid: 'new' }],
  );
  expect(inventory.map(({ uid }) => uid)).toEqual(['new', 'Secret-b']);
});
