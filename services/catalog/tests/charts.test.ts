// Real, published charts, unchanged: CNAP_TEST_CHARTS names a folder that is a Helm repository.
import { chartsFolder, serveFiles } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PackageState, sourceOf, startTestCatalog, type TestCatalog } from './test-catalog.ts';

const folder = chartsFolder();
if (folder === undefined) process.stderr.write('skipped with real charts: set CNAP_TEST_CHARTS\n');

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
});
afterAll(() => catalog[Symbol.asyncDispose]());

const build = async (chart: string, values: object = {}) => {
  await using server = await serveFiles({ folder: folder! });
  const { packageId } = await catalog
    .as('owner')
    .templates.createTemplate({ name: chart, sources: [sourceOf(server.url, { chart, values })] });
  return await catalog.built(packageId); // before the server goes
};

test.skipIf(folder === undefined).each([
  ['podinfo', ['Deployment', 'Service']],
  ['app', ['Deployment']],
  ['nats', ['StatefulSet']],
  ['vault', ['MutatingWebhookConfiguration', 'ClusterRoleBinding', 'StatefulSet']],
  ['traefik', ['CustomResourceDefinition', 'IngressClass', 'Deployment']],
  ['keda', ['CustomResourceDefinition', 'APIService']],
  ['argo-rollouts', ['CustomResourceDefinition', 'Deployment']],
  ['argo-events', ['CustomResourceDefinition', 'Deployment']],
  ['promtail', ['DaemonSet']],
  ['snyk-exporter', ['Deployment']],
])('%s builds', async (chart, kinds) => {
  const built = await build(chart);
  expect([built.state, built.stateMessage]).toEqual([PackageState.READY, '']);
  expect(built.kinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(kinds));
  expect(built.images.length).toBeGreaterThan(0);
  expect(built.needs?.pods).toBeGreaterThan(0);
  expect(Object.keys(built.values ?? {})).toEqual([chart]);
  expect(built.valuesSchema).toMatchObject({ type: 'object', properties: { [chart]: {} } });
});

test.skipIf(folder === undefined)(
  'a chart that refuses to render without a value says so, and builds with it',
  async () => {
    const refused = await build('notesnest');
    expect(refused.state).toBe(PackageState.FAILED);
    expect(refused.stateMessage).toMatch(/jwtSecretKey/);
    const secrets = {
      jwtSecretKey: 'a-key-that-is-long-enough-for-anything',
      postgresUser: 'notes',
      postgresPassword: 'secret',
      postgresDatabase: 'notes',
    };
    const built = await build('notesnest', { app: { secrets } });
    expect([built.state, built.stateMessage]).toEqual([PackageState.READY, '']);
    expect(built.kinds.map(({ kind }) => kind)).toContain('StatefulSet');
  },
);

test.skipIf(folder === undefined)('all of them in one package stay apart', async () => {
  await using server = await serveFiles({ folder: folder! });
  const charts = ['podinfo', 'nats', 'podinfo'];
  const { packageId } = await catalog.as('owner').templates.createTemplate({
    name: 'many',
    sources: charts.map((chart) => sourceOf(server.url, { chart })),
  });
  const built = await catalog.built(packageId);
  expect([built.state, built.stateMessage]).toEqual([PackageState.READY, '']);
  expect(built.sources.map(({ alias }) => alias)).toEqual(['podinfo', 'nats', 'podinfo-2']);
});
