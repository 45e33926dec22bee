import type { KubeObject } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { isRemovableCrd, planCrd, userAnnotation } from './crd-plan.ts';

const target = { clusterId: 'c', installId: 'ins_1', namespace: 'cnap-1', releaseName: 'cnap-1' };
const other = { ...target, installId: 'ins_2', namespace: 'cnap-2' };

function crd(chart: string, versions = ['v1'], annotations: Record<string, string> = {}): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com', labels: { 'helm.sh/chart': chart }, annotations },
    spec: { versions: versions.map((name) => ({ name, served: true })) },
  };
}
function applied(chart: string, versions?: string[]): KubeObject {
  const plan = planCrd(crd(chart, versions), undefined);
  if (plan.do !== 'apply') throw new Error(plan.do);
  return plan.object;
}

test('absent, the same or older: applied; newer: stays', () => {
  expect(planCrd(crd('demo-1.2.0'), undefined).do).toBe('apply');
  expect(planCrd(crd('demo-1.2.0'), applied('demo-1.2.0', ['v1', 'v2'])).do).toBe('apply');
  expect(planCrd(crd('demo-1.10.0'), applied('demo-1.9.0')).do).toBe('apply');
  expect(planCrd(crd('demo-1.2.0'), applied('demo-1.3.0')).do).toBe('use');
});

test("a newer one, or a person's, is refused when it lacks a version that is needed", () => {
  expect(planCrd(crd('demo-1.2.0', ['v1alpha1']), applied('demo-2.0.0', ['v1']))).toMatchObject({
    do: 'refuse',
    message: expect.stringContaining('v1alpha1'),
  });
  expect(planCrd(crd('demo-1.2.0'), crd('demo-1.0.0'))).toMatchObject({
    do: 'use',
    warning: expect.stringContaining('stays as it is'),
  });
  expect(planCrd(crd('demo-1.2.0', ['v2']), crd('demo-1.0.0'))).toMatchObject({
    do: 'refuse',
    message: expect.stringContaining('was not made by CNAP'),
  });
});

test("it goes with its last user, and a person's never", () => {
  const used = (...users: object[]): KubeObject => {
    const object = applied('demo-1.0.0');
    return {
      ...object,
      metadata: {
        ...object.metadata,
        annotations: Object.assign({}, object.metadata.annotations, ...users) as Record<string, string>,
      },
    };
  };
  expect(isRemovableCrd(used(userAnnotation(target, true)), target).removable).toBe(true);
  expect(isRemovableCrd(used(userAnnotation(target, true), userAnnotation(other, true)), target)).toEqual({
    removable: false,
    why: '1 other installs use it',
  });
  expect(isRemovableCrd(crd('demo-1.0.0'), target).removable).toBe(false);
});

test('what is there already is not sent again', () => {
  expect(planCrd(crd('demo-1.2.0'), applied('demo-1.2.0'))).toEqual({ do: 'use' });
});
