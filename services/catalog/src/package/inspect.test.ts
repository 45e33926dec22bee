import { packChart, readChart, type Rendered } from '@cnap/helm';
import { expect, test } from 'vitest';
import { generatedIn } from './inspect/generated.ts';
import { imagesOf } from './inspect/images.ts';
import { kindsOf } from './inspect/kinds.ts';
import { needsOf } from './inspect/needs.ts';
import type { Manifest } from './inspect/pod-templates.ts';
import { mergedValues, schemaOf } from './inspect/values-schema.ts';
import { allRanges } from './kubernetes-range.ts';

const object = (kind: string, name: string, spec: object, apiVersion = 'apps/v1'): Manifest => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});
const requests = (cpu: string | number, memory: string) => ({ resources: { requests: { cpu, memory } } });

test('needs are summed over replicas, with init containers and sidecars as the scheduler counts them', () => {
  const web = object('Deployment', 'web', {
    replicas: 3,
    template: {
      spec: {
        containers: [{ image: 'a', ...requests('100m', '64Mi') }],
        initContainers: [
          { image: 'side', restartPolicy: 'Always', ...requests('50m', '16Mi') },
          { image: 'init', ...requests(1, '32Mi') },
        ],
      },
    },
  });
  // init beside the sidecar: 1050m; afterwards 150m and 80Mi
  expect(needsOf([web])).toEqual({ cpuMillis: 3 * 1050, memoryBytes: 3 * 80 * 2 ** 20, pods: 3 });
  expect(imagesOf([web, web])).toEqual(['a', 'init', 'side']);
});

test('limits stand in for requests, autoscalers for replicas; what is no quantity counts nothing', () => {
  const api = object('Deployment', 'api', {
    template: { spec: { containers: [{ image: 'a', resources: { limits: { cpu: '2', memory: 'lots' } } }] } },
  });
  const scaler = object('HorizontalPodAutoscaler', 'api', {
    minReplicas: 2,
    scaleTargetRef: { kind: 'Deployment', name: 'api' },
  });
  const job = object('Job', 'j', {
    parallelism: 5,
    completions: 2,
    template: { spec: { containers: [{}] } },
  });
  expect(needsOf([api, scaler, job])).toEqual({ cpuMillis: 4000, memoryBytes: 0, pods: 4 });
});

test('kinds say whether they belong to the cluster, by themselves or by a CRD of the package', () => {
  const crd = object(
    'CustomResourceDefinition',
    'zones.x.io',
    { scope: 'Cluster', group: 'x.io', names: { kind: 'Zone' } },
    'apiextensions.k8s.io/v1',
  );
  const kinds = kindsOf([
    crd,
    object('Zone', 'a', {}, 'x.io/v1'),
    object('Deployment', 'a', {}),
    object('Deployment', 'b', {}),
  ]);
  expect(kinds).toEqual([
    { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', clusterWide: true, count: 1 },
    { apiVersion: 'apps/v1', kind: 'Deployment', clusterWide: false, count: 2 },
    { apiVersion: 'x.io/v1', kind: 'Zone', clusterWide: true, count: 1 },
  ]);
});

test('generated fields carry the placeholder, not the name of the release', () => {
  const rendered = (password: string, suffix: string): Rendered => ({
    objects: [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'rel-1-db' }, data: { 'a/b': password } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `rel-1-${suffix}` } },
    ],
    sources: [],
    hooks: [],
    crds: [],
    notes: '',
  });
  expect(generatedIn([rendered('x', 'one'), rendered('y', 'two')], 'rel-1')).toEqual([
    { apiVersion: 'v1', kind: 'Secret', name: 'RELEASE-db', pointer: '/data/a~1b' },
    { apiVersion: 'v1', kind: 'ConfigMap', name: 'RELEASE-one', pointer: '/metadata/name' },
  ]);
});

test('values are merged as Helm does, and described when the chart does not', () => {
  const chart = readChart(
    packChart({
      files: {
        'Chart.yaml': 'apiVersion: v2\nname: a\nversion: 1.0.0\n',
        'values.yaml': 'a: {b: 1, c: [1]}\nd: text\ne:\n',
      },
    }),
  );
  const values = mergedValues(chart.values, { a: { b: 2 }, d: null, __proto__: { polluted: true } });
  expect(values).toEqual({ a: { b: 2, c: [1] }, e: null });
  expect(schemaOf(undefined, values)).toEqual({
    type: 'object',
    properties: {
      a: {
        type: 'object',
        properties: { b: { type: 'number', default: 2 }, c: { type: 'array', default: [1] } },
      },
      e: {},
    },
  });
  expect(schemaOf({ type: 'object', title: 'own' }, values)).toEqual({ type: 'object', title: 'own' });
});

test('ranges of Kubernetes versions are combined', () => {
  expect(allRanges([])).toBe('');
  expect(allRanges(['>=1.25.0-0', '>=1.25.0-0', '*'])).toBe('>=1.25.0-0');
  expect(allRanges(['>=1.25.0-0, <1.40.0-0', '^1.30 || ^2'])).toBe(
    '>=1.25.0-0 <1.40.0-0 ^1.30 || >=1.25.0-0 <1.40.0-0 ^2',
  );
});
