import { createHash } from 'node:crypto';
import { packChart, readArchive } from '@cnap/helm';
import { VersionBump } from '@cnap/proto/cnap/catalog/v1/package';
import { PackageEventSchema } from '@cnap/proto/cnap/catalog/v1/package_event';
import { eventually, expectError } from '@cnap/testing';
import { Code } from '@connectrpc/connect';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import { startRepository } from './repository.ts';
import { PackageState, sourceOf, startTestCatalog, type TestCatalog } from './test-catalog.ts';

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }}-{{ .Chart.Name }} }
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
        - name: web
          image: ghcr.io/acme/web:{{ .Chart.AppVersion }}
          resources: { requests: { cpu: 250m, memory: 64Mi } }
`;
const secret = `apiVersion: v1
kind: Secret
metadata: { name: {{ .Release.Name }}-{{ .Chart.Name }} }
stringData: { password: {{ randAlphaNum 16 | quote }}, user: admin }
`;
const web = (version: string) => ({
  'Chart.yaml': `apiVersion: v2\nname: web\nversion: ${version}\nappVersion: "3"\nkubeVersion: ">=1.30.0-0"\n`,
  'values.yaml': 'replicas: 2\ntitle: hello\nnested: { port: 80 }\n',
  'templates/deployment.yaml': deployment,
  'templates/secret.yaml': secret,
  'templates/config.yaml': '',
  'templates/role.yaml':
    'apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: {{ .Release.Name }} }\n',
});

const artifactOf = async (digest: string): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of catalog.asService('installer').artifacts.getArtifact({ digest }))
    chunks.push(chunk);
  return Buffer.concat(chunks);
};
const logOf = async (id: string): Promise<string[]> => {
  const lines: string[] = [];
  for await (const { line } of catalog.as('viewer').packages.streamPackageLog({ id })) lines.push(line);
  return lines;
};

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
});
afterAll(() => catalog[Symbol.asyncDispose]());

test('a package says everything about what it holds', async () => {
  await using repository = await startRepository();
  repository.publish('web', '1.2.0', web('1.2.0'));
  const { package: built } = await catalog.aTemplate(
    [{ chart: 'web', version: '^1', values: { replicas: 3, extra: { on: true } } }, { chart: 'shop' }],
    repository,
  );
  expect([built.state, built.stateMessage]).toEqual([PackageState.READY, '']);
  expect(built).toMatchObject({
    version: '1.0.0',
    images: ['ghcr.io/acme/web:3'],
    kinds: [
      { apiVersion: 'apps/v1', kind: 'Deployment', clusterWide: false, count: 1 },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', clusterWide: true, count: 1 },
      { apiVersion: 'v1', kind: 'ConfigMap', clusterWide: false, count: 1 },
      { apiVersion: 'v1', kind: 'Secret', clusterWide: false, count: 1 },
    ],
    generatedFields: [
      { apiVersion: 'v1', kind: 'Secret', name: 'RELEASE-web', pointer: '/stringData/password' },
    ],
    needs: { cpuMillis: 750n, memoryBytes: BigInt(3 * 64 * 2 ** 20), pods: 3 },
    kubernetesVersionRange: '>=1.30.0-0',
    values: {
      web: { replicas: 3, title: 'hello', nested: { port: 80 }, extra: { on: true } },
      shop: { title: 'hello' },
    },
    valuesSchema: { properties: { shop: { properties: { title: { type: 'string', default: 'hello' } } } } },
    sources: [
      { alias: 'web', version: '1.2.0', url: `${repository.url}/web-1.2.0.tgz` },
      { alias: 'shop', version: '1.0.0' },
    ],
  });
  const artifact = await artifactOf(built.digest);
  expect(`sha256:${createHash('sha256').update(artifact).digest('hex')}`).toBe(built.digest);
  expect(artifact.byteLength).toBe(Number(built.sizeBytes));
  expect([...readArchive(artifact).keys()]).toContain('cnap-package/charts/web/templates/deployment.yaml');
  const log = await logOf(built.id);
  expect(log[0]).toMatch(/^Queued/);
  expect(log.at(-1)).toBe('Ready: version 1.0.0');
  const detail = await catalog.asService('installer').artifacts.getPackageDetail({ packageId: built.id });
  expect(detail.package?.digest).toBe(built.digest);
});

test('the same inputs give the same digest and no new version; others raise what was asked for', async () => {
  await using repository = await startRepository();
  repository.publish('web', '1.2.0', web('1.2.0'));
  const charts = [{ chart: 'web', version: '^1' }];
  const { templateId, package: first } = await catalog.aTemplate(charts, repository);
  const other = await catalog.aTemplate(charts, repository);
  expect(other.package.digest).toBe(first.digest);

  const owner = catalog.as('owner');
  const build = async (bump: VersionBump) => {
    const { package: queued } = await owner.packages.buildPackage({ templateId, bump });
    return catalog.built(queued!.id);
  };
  const repeated = await build(VersionBump.MAJOR);
  expect(repeated).toMatchObject({ state: PackageState.READY, version: '1.0.0', digest: first.digest });
  expect(repeated.stateMessage).toContain(first.id);

  repository.publish('web', '1.2.1', web('1.2.1'));
  expect(await build(VersionBump.MINOR)).toMatchObject({ state: PackageState.READY, version: '1.1.0' });
  repository.publish('web', '1.3.0', web('1.3.0'));
  expect(await build(VersionBump.UNSPECIFIED)).toMatchObject({ version: '1.1.1' });
  repository.publish('web', '1.4.0', web('1.4.0'));
  expect(await build(VersionBump.MAJOR)).toMatchObject({ version: '2.0.0' });

  const { packages } = await owner.packages.listPackages({ templateId });
  expect(packages.map(({ version }) => version)).toEqual(['2.0.0', '1.1.1', '1.1.0', '1.0.0']);
  const facts = await factsOf(catalog, 'package', packages[0]!.id, PackageEventSchema);
  expect(facts.map(({ fact }) => fact)).toEqual(['queued', 'ready']);
  const { template } = await owner.templates.getTemplate({ id: templateId });
  expect(template?.latestPackageId).toBe(packages[0]?.id);
});

test('a template of exact versions need not be built to be known', async () => {
  await using repository = await startRepository();
  const { templateId, package: built } = await catalog.aTemplate(
    [{ chart: 'shop', version: '1.0.0' }],
    repository,
  );
  const { package: again } = await catalog.as('member').packages.buildPackage({ templateId });
  expect(again?.id).toBe(built.id);
});

test('dependencies are fetched from their repositories, and those that are in the chart are not', async () => {
  await using repository = await startRepository();
  repository.publish('lib', '2.0.1', { 'values.yaml': 'title: from lib\n' });
  repository.publish('lib', '2.5.0');
  repository.publish('deep', '1.0.0', {
    'Chart.yaml': `apiVersion: v2\nname: deep\nversion: 1.0.0\ndependencies:\n- {name: lib, version: 2.0.x, repository: "${repository.url}"}\n`,
  });
  const inner = packChart({
    files: {
      'Chart.yaml': 'apiVersion: v2\nname: inner\nversion: 0.1.0\n',
      'templates/a.yaml': 'kind: Service\napiVersion: v1\nmetadata: {name: inner}\n',
    },
  });
  const chart = packChart({
    files: new Map<string, Uint8Array>([
      [
        'Chart.yaml',
        Buffer.from(
          `apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n- {name: deep, version: ^1, repository: "${repository.url}/"}\n- {name: inner, version: 0.1.0, repository: ""}\n`,
        ),
      ],
      ['charts/inner-0.1.0.tgz', inner],
    ]),
  });
  repository.publishBytes('parent', '1.0.0', chart);
  const { package: built } = await catalog.aTemplate([{ chart: 'parent' }], repository);
  expect([built.state, built.stateMessage]).toEqual([PackageState.READY, '']);
  expect(built.kinds).toMatchObject([
    { kind: 'ConfigMap', count: 2 },
    { kind: 'Service', count: 1 },
  ]);
  const files = [...readArchive(await artifactOf(built.digest)).keys()];
  expect(files).toContain('cnap-package/charts/parent/charts/deep/charts/lib/Chart.yaml');
  expect(files).toContain('cnap-package/charts/parent/charts/inner/Chart.yaml');
  expect(files.filter((path) => path.endsWith('.tgz'))).toEqual([]);
  expect(repository.requests.filter((request) => request.includes('lib-2'))).toEqual(['GET /lib-2.0.1.tgz']);
});

test('one chart twice, in two versions, stays apart', async () => {
  await using repository = await startRepository();
  repository.publish('shop', '1.0.0', { 'values.yaml': 'title: one\n' });
  repository.publish('shop', '2.0.0', { 'values.yaml': 'title: two\n' });
  const { package: built } = await catalog.aTemplate(
    [
      { chart: 'shop', version: '1.0.0' },
      { chart: 'shop', version: '2.0.0' },
      { chart: 'shop', version: '2.0.0', values: { title: 'three' } },
    ],
    repository,
  );
  expect([built.state, built.stateMessage]).toEqual([PackageState.READY, '']);
  expect(built.values).toEqual({
    shop: { title: 'one' },
    'shop-2': { title: 'two' },
    'shop-3': { title: 'three' },
  });
  expect(built.kinds).toMatchObject([{ kind: 'ConfigMap', count: 3 }]);
});

test('a newer build takes the place of one that waits', async () => {
  await using repository = await startRepository();
  repository.files.set('/broken/index.yaml', (_request, response) => response.writeHead(503).end());
  const owner = catalog.as('owner');
  const repoUrl = `${repository.url}/broken`;
  const { template, packageId } = await owner.templates.createTemplate({
    name: 'Shop',
    sources: [sourceOf(repoUrl, { chart: 'shop' })],
  });
  const waiting = await eventually(async () => {
    const { package: seen } = await owner.packages.getPackage({ id: packageId });
    expect(seen?.stateMessage).toContain('status 503');
    return seen;
  });
  expect(waiting?.state).toBe(PackageState.RESOLVING);
  repository.publish('shop', '1.0.0');
  const { packageId: second } = await owner.templates.updateTemplate({
    id: template!.id,
    sources: [sourceOf(repository.url, { chart: 'shop', id: template!.sources[0]!.id })],
  });
  expect(await catalog.built(second)).toMatchObject({ state: PackageState.READY, version: '1.0.0' });
  expect(await catalog.built(packageId)).toMatchObject({
    state: PackageState.FAILED,
    stateMessage: expect.stringContaining(second),
  });
});

test('a build that goes on at this very moment gives way, too', async () => {
  await using repository = await startRepository();
  repository.files.set('/broken/index.yaml', (_request, response) => response.writeHead(503).end());
  repository.publish('shop', '1.0.0', web('1.0.0'));
  const owner = catalog.as('owner');
  const { template, packageId } = await owner.templates.createTemplate({
    name: 'Shop',
    sources: [sourceOf(`${repository.url}/broken`, { chart: 'shop' })],
  });
  const { db } = catalog.database;
  const change = () =>
    owner.templates.updateTemplate({
      id: template?.id ?? '',
      sources: [sourceOf(repository.url, { chart: 'shop' })],
    });
  const changed = await db.acrossWorkspaces(async (tx) => {
    await sql`update package set version = version + 1 where id = ${packageId}`.execute(tx);
    const underWay = change();
    await eventually(async () => {
      const { rows } = await db.pool.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      expect(rows.length).toBeGreaterThan(0);
    });
    return { underWay };
  });
  const { packageId: newer } = await changed.underWay;
  expect((await owner.packages.getPackage({ id: packageId })).package).toMatchObject({
    state: PackageState.FAILED,
    stateMessage: `A newer build took its place: ${newer}`,
  });
});

test('a repository that is away for a while is waited for', async () => {
  await using repository = await startRepository();
  repository.publish('shop', '1.0.0');
  const index = repository.files.get('/index.yaml')!;
  let asked = 0;
  repository.files.set('/index.yaml', (request, response) => {
    asked += 1;
    if (asked === 1) return void request.socket.destroy();
    if (asked < 4) return void response.writeHead(500).end();
    response.end(index);
  });
  const { package: built } = await catalog.aTemplate(undefined, repository);
  expect([built.state, built.stateMessage, asked]).toEqual([PackageState.READY, '', 4]);
  expect((await logOf(built.id)).join('\n')).toContain('It is tried again.');
});

test('a crash after any step, and every call made twice, end the same', async () => {
  await using plain = await startTestCatalog();
  plain.repository.publish('web', '1.2.0', web('1.2.0'));
  const expected = (await plain.aTemplate([{ chart: 'web', version: '1.2.0' }])).package;

  const crashed = new Map<string, number>();
  await using cut = await startTestCatalog({
    afterExternalCall(name) {
      crashed.set(name, (crashed.get(name) ?? 0) + 1);
      if (crashed.get(name) === 1) throw new Error(`crash after ${name}`);
    },
  });
  cut.repository.publish('web', '1.2.0', web('1.2.0'));
  const built = (await cut.aTemplate([{ chart: 'web', version: '1.2.0' }])).package;
  expect([...crashed.keys()]).toEqual(['repository.index', 'repository.download', 'helm.template']);
  expect([built.state, built.version, built.digest]).toEqual([PackageState.READY, '1.0.0', expected.digest]);

  await using twice = await startTestCatalog({ repeatExternalCalls: true });
  twice.repository.publish('web', '1.2.0', web('1.2.0'));
  const doubled = (await twice.aTemplate([{ chart: 'web', version: '1.2.0' }])).package;
  expect([doubled.state, doubled.version, doubled.digest]).toEqual([
    PackageState.READY,
    '1.0.0',
    expected.digest,
  ]);
});

test('what is not there is said to be not there', async () => {
  await using repository = await startRepository();
  const { templateId, package: built } = await catalog.aTemplate(undefined, repository);
  const stranger = catalog.as('stranger').packages;
  await expect(stranger.getPackage({ id: built.id })).rejects.toThrow(built.id);
  const notFound = [Code.NotFound, 'PACKAGE_NOT_FOUND'] as const;
  await expectError(stranger.getPackage({ id: built.id }), ...notFound);
  await expectError(stranger.watchPackage({ id: built.id })[Symbol.asyncIterator]().next(), ...notFound);
  await expectError(stranger.streamPackageLog({ id: built.id })[Symbol.asyncIterator]().next(), ...notFound);
  await expectError(stranger.listPackages({ templateId }), Code.NotFound, 'TEMPLATE_NOT_FOUND');
  await expectError(stranger.buildPackage({ templateId }), Code.NotFound, 'TEMPLATE_NOT_FOUND');
  await expectError(
    catalog.as('owner').packages.listPackages({ templateId, pageToken: 'x' }),
    Code.InvalidArgument,
    'PAGE_TOKEN_INVALID',
  );
  await expectError(artifactOf(`sha256:${'0'.repeat(64)}`), Code.NotFound, 'ARTIFACT_NOT_FOUND');
  await expectError(
    catalog.as('owner').artifacts.getPackageDetail({ packageId: built.id }),
    Code.PermissionDenied,
    'PERMISSION_DENIED',
  );
  await expectError(catalog.as('viewer').packages.buildPackage({ templateId }), Code.PermissionDenied);
});
