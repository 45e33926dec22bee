import { type Chart, packChart, readChart } from '@cnap/helm';
import { expect, test } from 'vitest';
import type { Part } from '../database.ts';
import { isPinned, missingDependencies, nextStep, stateDuring } from './plan.ts';

const part = (change: Partial<Part> = {}): Part => ({
  key: 'shop',
  sourceId: 'src_1',
  repoUrl: 'https://charts.example.test',
  chart: 'shop',
  wanted: '^1',
  ...change,
});
const resolved = { version: '1.2.0', url: 'https://charts.example.test/shop-1.2.0.tgz' };
const chartWith = (dependencies: string, more: Record<string, string> = {}): Chart =>
  readChart(
    packChart({
      files: {
        'Chart.yaml': `apiVersion: v2\nname: shop\nversion: 1.2.0\ndependencies: ${dependencies}\n`,
        ...more,
      },
    }),
  );

test('a build goes through its steps, one at a time', () => {
  const steps = [
    nextStep({ state: 'queued', parts: [part()], digest: null }),
    nextStep({ state: 'resolving', parts: [part({ resolved })], digest: null }),
    nextStep({
      state: 'bundling',
      parts: [part({ resolved, fetched: 'a' }), part({ key: 'shop/redis' })],
      digest: null,
    }),
    nextStep({ state: 'bundling', parts: [part({ resolved, fetched: 'a' })], digest: null }),
    nextStep({ state: 'verifying', parts: [part({ resolved, fetched: 'a' })], digest: 'sha256:1' }),
    nextStep({ state: 'ready', parts: [], digest: 'sha256:1' }),
    nextStep({ state: 'failed', parts: [part()], digest: null }),
    nextStep({ state: 'failed', parts: [part()], digest: 'sha256:1' }),
  ];
  expect(steps.map((step) => step.do)).toEqual([
    'resolve',
    'fetch',
    'resolve',
    'bundle',
    'verify',
    'nothing',
    'nothing',
    'discard',
  ]);
  expect(steps.map(stateDuring)).toEqual([
    'resolving',
    'bundling',
    'bundling',
    'bundling',
    'verifying',
    undefined,
    undefined,
    undefined,
  ]);
});

test('dependencies that are not bundled are missing, in the version of the lock', () => {
  const chart = chartWith(
    '[{name: redis, version: ^18, repository: "https://r.test"}, {name: redis, alias: cache, version: ^18, repository: "https://r.test"}, {name: lib, version: 1.x.x, repository: ""}]',
    {
      'Chart.lock':
        'dependencies:\n- name: redis\n  repository: https://r.test\n  version: 18.0.1\ndigest: sha256:1\n',
      'charts/lib/Chart.yaml': 'apiVersion: v2\nname: lib\nversion: 1.0.0\n',
    },
  );
  expect(missingDependencies(part(), chart, [part()])).toEqual([
    { key: 'shop/redis', sourceId: 'src_1', repoUrl: 'https://r.test', chart: 'redis', wanted: '18.0.1' },
  ]);
});

test.each([
  ['[{name: redis, version: 1.0.0, repository: "git://r.test"}]', 'git://r.test'],
  ['[{name: redis, version: 1.0.0, repository: "file://../redis"}]', 'file://../redis'],
  ['[{name: redis, version: 1.0.0, repository: "oci://"}]', 'oci://'],
  ['[{name: redis, version: 1.0.0}]', 'no repository'],
])('a dependency that cannot be had is a problem: %s', (dependencies, problem) => {
  expect(missingDependencies(part(), chartWith(dependencies), [])).toMatchObject({
    problem: expect.stringContaining(problem),
  });
});

test('nesting and number of charts are limited', () => {
  const chart = chartWith('[{name: shop, version: 1.0.0, repository: "https://r.test"}]');
  expect(missingDependencies(part({ key: 'a/b/c/d/e/f' }), chart, [])).toHaveProperty('problem');
  expect(
    missingDependencies(
      part(),
      chart,
      Array.from({ length: 100 }, () => part()),
    ),
  ).toHaveProperty('problem');
});

test('only exact versions make a build repeatable without looking', () => {
  expect(isPinned([part({ wanted: '1.2.0', resolved })])).toBe(true);
  expect(isPinned([part({ resolved })])).toBe(false);
});
