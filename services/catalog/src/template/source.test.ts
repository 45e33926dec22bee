import { expect, test } from 'vitest';
import { editSources, type WantedSource } from './source.ts';

const source = (chart: string, change: Partial<WantedSource> = {}): WantedSource => ({
  id: '',
  repoUrl: 'https://charts.example.test',
  chart,
  version: '',
  values: {},
  ...change,
});
const ids = () => {
  let next = 0;
  return () => `src_${(next += 1)}`;
};

test('an alias is the name of the chart, with a number when it is taken', () => {
  const made = editSources(
    [],
    [
      ...['redis', 'redis', 'bitnami/Redis_Cluster', 'global'].map((c) => source(c)),
      source('', { path: '_' }),
    ],
    ids(),
  );
  expect(made.map(({ alias }) => alias)).toEqual(['redis', 'redis-2', 'redis-cluster', 'global-2', 'source']);
});

test('ids and aliases stay across edits, even when the chart or the order changes', () => {
  const first = editSources([], [source('redis'), source('redis')], ids());
  const [one, two] = first;
  const edited = editSources(
    first,
    [
      source('redis'),
      source('valkey', { id: two?.id ?? '' }),
      source('redis', { id: one?.id ?? '', version: '^2' }),
    ],
    () => 'src_new',
  );
  expect(edited.map(({ id, alias }) => [id, alias])).toEqual([
    ['src_new', 'redis-3'],
    [two?.id, 'redis-2'],
    [one?.id, 'redis'],
  ]);
  expect(edited[2]?.version).toBe('^2');
});

test('without an id it is the one of the same chart and repository', () => {
  const first = editSources([], [source('redis'), source('nats'), source('redis')], ids());
  const edited = editSources(
    first,
    [
      source('redis', { version: '2.0.0' }),
      source('nats', { repoUrl: 'https://elsewhere.test' }),
      source('redis', { id: first[0]?.id ?? '' }),
      source('', { path: 'charts/web', repoUrl: 'https://git.test/acme/app.git' }),
      source('', { path: '.', repoUrl: 'https://git.test/acme/app.git' }),
    ],
    () => 'src_new',
  );
  expect(edited.map(({ id, alias }) => [id, alias])).toEqual([
    [first[2]?.id, 'redis-2'],
    ['src_new', 'nats'],
    [first[0]?.id, 'redis'],
    ['src_new', 'web'],
    ['src_new', 'app'],
  ]);
});

test.each([
  [[source('a', { id: 'src_x' })], 'sources[0].id'],
  [[source('a', { repoUrl: 'http://user:secret@host/' })], 'sources[0].helm_chart.repo_url'],
  [[source('a', { repoUrl: 'http://' })], 'sources[0].helm_chart.repo_url'],
  [[source('b'), source('a', { version: 'latest please' })], 'sources[1].helm_chart.version'],
  [[source('')], 'sources[0].helm_chart.chart'],
  [[source('', { path: 'a', repoUrl: 'oci://ghcr.io/acme' })], 'sources[0].helm_chart.repo_url'],
  [[source('a', { repoUrl: 'oci:///acme' })], 'sources[0].helm_chart.repo_url'],
  [[source('', { path: 'a', repoUrl: 'git@host:acme/app' })], 'sources[0].helm_chart.repo_url'],
  [[source('', { path: '../a' })], 'sources[0].helm_chart.path'],
  [[source('', { path: '/a' })], 'sources[0].helm_chart.path'],
  [[source('', { path: 'a', version: '--upload-pack=x' })], 'sources[0].helm_chart.version'],
  [[source('', { path: 'a', version: 'a..b' })], 'sources[0].helm_chart.version'],
])('refuses %#: %s', (wanted, field) => {
  expect(() => editSources([], wanted, ids())).toThrow(
    expect.objectContaining({ reason: 'SOURCE_INVALID', fields: [expect.objectContaining({ field })] }),
  );
});
