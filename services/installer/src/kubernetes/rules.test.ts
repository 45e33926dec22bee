import { type ApiResource, type KubeObject, KubernetesError } from '@cnap/kubernetes';
import { expect, test } from 'vitest';

import { applyFailure } from './apply-failure.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { namespaceObjects } from './namespace-objects.ts';
import { ownedObject, ownerOf, plannedEntry } from './owned-object.ts';
import { undeclaredFields, withoutField } from './undeclared-fields.ts';

const target = { clusterId: 'c', installId: 'ins_1', namespace: 'cnap-1', releaseName: 'cnap-1' };
const resource = (namespaced: boolean): ApiResource => ({
  apiVersion: 'v1',
  kind: 'X',
  plural: 'xs',
  namespaced,
  verbs: [],
});
const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x' },
  spec: { imagePullSecrets: [{ name: 'own' }] },
  status: {},
};

test("an object gets its namespace, Helm's ownership and the install's label, and loses its status", () => {
  const owned = ownedObject(pod, target, resource(true), { registries: true });
  expect(owned).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'x',
      namespace: 'cnap-1',
      labels: { 'app.kubernetes.io/managed-by': 'Helm', 'cnap.tech/install': 'ins_1' },
      annotations: { 'meta.helm.sh/release-name': 'cnap-1', 'meta.helm.sh/release-namespace': 'cnap-1' },
    },
    spec: { imagePullSecrets: [{ name: 'own' }, { name: 'cnap-pull' }] },
  });
  expect(pod['spec']).toEqual({ imagePullSecrets: [{ name: 'own' }] });
  expect(ownerOf(owned, target)).toBe('this');
  expect(ownerOf(owned, { ...target, installId: 'ins_2' })).toBe('another');
  expect(ownerOf(pod, target)).toBe('person');
});

test('an object of another namespace stays there, a cluster-wide one has none', () => {
  const elsewhere = { ...pod, metadata: { name: 'x', namespace: 'kube-system' } };
  expect(ownedObject(elsewhere, target, resource(true)).metadata.namespace).toBe('kube-system');
  expect(ownedObject(elsewhere, target, resource(false)).metadata.namespace).toBeUndefined();
  expect(plannedEntry(pod, target, true)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    name: 'x',
    namespace: 'cnap-1',
    uid: '',
  });
});

test('the namespace has Pod Security, and a quota with its defaults only where there are limits', () => {
  const plain = namespaceObjects(target, { podSecurity: 'baseline' });
  expect(plain.map(({ kind }) => kind)).toEqual(['Namespace', 'NetworkPolicy']);
  expect(plain[0]?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'baseline' });
  const limited = namespaceObjects(target, {
    podSecurity: 'restricted',
    limits: { cpu: '250m', memory: '1Gi' },
    registries: [{ host: 'r.io', username: 'u', password: 'p' }],
  });
  expect(limited.map(({ kind }) => kind)).toEqual([
    'Namespace',
    'ResourceQuota',
    'LimitRange',
    'NetworkPolicy',
    'Secret',
  ]);
  expect(limited[2]?.['spec']).toEqual({
    limits: [
      {
        type: 'Container',
        default: { cpu: '250m', memory: '512Mi' },
        defaultRequest: { cpu: '50m', memory: '64Mi' },
      },
    ],
  });
});

test('addresses outside come in only where the pod networks are known', () => {
  const policy = (podCidrs: string[]) =>
    JSON.stringify(namespaceObjects(target, { podSecurity: 'baseline', podCidrs })[1]);
  expect(policy([])).not.toContain('ipBlock');
  expect(policy(['10.1.0.0/16'])).toContain('{"cidr":"0.0.0.0/0","except":["10.1.0.0/16"]}');
});

const ref = { apiVersion: 'v1', kind: 'Pod', name: 'x' };
test.each<[number, string, string, boolean]>([
  [422, 'Invalid', 'spec.x: Invalid value', true],
  [403, 'Forbidden', 'violates PodSecurity', true],
  [403, 'Forbidden', 'unable to create new content in namespace n because it is being terminated', false],
  [400, 'BadRequest', 'strict decoding error', true],
  [404, 'NotFound', 'namespaces "n" not found', false],
  [409, 'Conflict', 'the object has been modified', false],
  [429, 'TooManyRequests', 'slow down', false],
  [500, 'InternalError', 'failed calling webhook "w"', false],
  [500, '', 'failed to create typed patch object (n/x): .spec.y: expected string', true],
  [503, 'ServiceUnavailable', 'not now', false],
  [0, 'Timeout', 'did not answer', false],
  [0, 'UnknownKind', 'no kind Thing', true],
])('%i %s "%s" is permanent: %s', (code, reason, message, permanent) => {
  expect(applyFailure(new KubernetesError({ code, reason, message }), ref)).toMatchObject({
    permanent,
    message: expect.stringContaining(message),
  });
});

test('a field that no schema has is taken out where it stands, and nothing else', () => {
  const deep: KubeObject = {
    ...pod,
    spec: {
      containers: [
        { name: 'a', bad: 1 },
        { name: 'b', bad: 1, ports: [{ containerPort: 80, odd: 1 }] },
      ],
      list: [{ x: 1 }],
    },
  };
  const message =
    'failed to create typed patch object (n/x; v1, Kind=Pod): errors:\n  .spec.containers[name="b"].bad: field not declared in schema\n  .spec.containers[name="b"].ports[containerPort=80,protocol="TCP"].odd: field not declared in schema';
  const fields = undeclaredFields(message);
  expect(fields).toEqual([
    '.spec.containers[name="b"].bad',
    '.spec.containers[name="b"].ports[containerPort=80,protocol="TCP"].odd',
  ]);
  let result: KubeObject | undefined = deep;
  for (const field of fields) result = result && withoutField(result, field);
  expect(result?.['spec']).toEqual({
    containers: [
      { name: 'a', bad: 1 },
      { name: 'b', ports: [{ containerPort: 80 }] },
    ],
    list: [{ x: 1 }],
  });
  expect(withoutField(deep, '.spec.list[0].x')?.['spec']).toMatchObject({ list: [{}] });
  expect(withoutField(deep, '.spec.nowhere.x')).toBeUndefined();
});

test('a breaker opens after three failures, lets one through after the rest, and closes on success', () => {
  let now = 0;
  const breaker = new CircuitBreaker({ threshold: 3, restMs: 1000, now: () => now });
  breaker.failed();
  breaker.failed();
  expect(breaker.enter()).toBe(0);
  breaker.failed();
  expect(breaker.enter()).toBe(1000);
  now = 1000;
  expect(breaker.enter()).toBe(0);
  expect(breaker.enter()).toBe(1000); // one is on its way
  breaker.succeeded();
  expect(breaker.enter()).toBe(0);
  breaker.failed(30_000); // "Retry-After: 30" counts at once
  expect(breaker.enter()).toBe(30_000);
});
