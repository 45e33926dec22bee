import { TemplateEventSchema } from '@cnap/proto/cnap/catalog/v1/template_event';
import { PodSecurity, RegistryProxyMode, WaitFor } from '@cnap/proto/cnap/catalog/v1/template';
import { expectError } from '@cnap/testing';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import { PackageState, sourceOf, startTestCatalog, type TestCatalog } from './test-catalog.ts';

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
  catalog.repository.publish('shop', '1.0.0');
  catalog.repository.publish('db', '1.0.0');
});
afterAll(() => catalog[Symbol.asyncDispose]());

const source = (chart: string, more: Omit<Parameters<typeof sourceOf>[1], 'chart'> = {}) =>
  sourceOf(catalog.repository.url, { chart, ...more });

test('sources keep their ids and aliases across edits, and an edit builds a package', async () => {
  const owner = catalog.as('owner');
  const { template, packageId } = await owner.templates.createTemplate({
    name: 'Shop',
    sources: [source('shop', { values: { title: 'a' } }), source('shop')],
  });
  expect(template).toMatchObject({
    name: 'Shop',
    sources: [{ alias: 'shop', values: { title: 'a' } }, { alias: 'shop-2' }],
    podSecurity: PodSecurity.BASELINE,
    registryProxyMode: RegistryProxyMode.AUTO,
    latestPackageId: '',
  });
  await catalog.built(packageId);
  const [one, two] = template!.sources;

  const renamed = await owner.templates.updateTemplate({
    id: template!.id,
    name: 'Store',
    podSecurity: PodSecurity.RESTRICTED,
    etag: template!.etag,
  });
  expect(renamed).toMatchObject({
    packageId: '',
    template: { name: 'Store', podSecurity: PodSecurity.RESTRICTED },
  });
  expect(renamed.template?.latestPackageId).toBe(packageId);

  const edited = await owner.templates.updateTemplate({
    id: template!.id,
    sources: [source('db'), source('db', { id: two!.id }), source('shop', { id: one!.id })],
    etag: renamed.template!.etag,
  });
  expect(edited.template?.sources.map(({ id, alias }) => [id === one!.id || id === two!.id, alias])).toEqual([
    [false, 'db'],
    [true, 'shop-2'],
    [true, 'shop'],
  ]);
  expect(await catalog.built(edited.packageId)).toMatchObject({
    state: PackageState.READY,
    version: '1.0.1',
  });
  await expectError(
    owner.templates.updateTemplate({ id: template!.id, name: 'Late', etag: template!.etag }),
    Code.Aborted,
    'ETAG_MISMATCH',
  );
  expect(await factsOf(catalog, 'template', template!.id, TemplateEventSchema)).toMatchObject([
    { fact: 'created', message: { name: 'Shop' } },
    { fact: 'updated', message: { name: 'Store' } },
    { fact: 'updated', message: { name: 'Store' } },
  ]);
});

test('what a source waits for is kept, and is part of the package', async () => {
  const { templates } = catalog.as('owner');
  const waits = [WaitFor.WEBHOOKS, WaitFor.CUSTOM_RESOURCES];
  const without = await templates.createTemplate({ name: 'Waits', sources: [source('shop'), source('db')] });
  const { id } = without.template!;
  const first = await catalog.built(without.packageId);
  expect(first.sources.map(({ waitFor }) => waitFor)).toEqual([[], []]);

  const sources = [source('shop', { waitFor: waits }), source('db')];
  const edited = await templates.updateTemplate({ id, sources });
  const inOrder = [WaitFor.CUSTOM_RESOURCES, WaitFor.WEBHOOKS];
  expect(edited.template?.sources.map(({ waitFor }) => waitFor)).toEqual([inOrder, []]);
  const second = await catalog.built(edited.packageId);
  expect(second).toMatchObject({ state: PackageState.READY, version: '1.0.1' });
  expect(second.sources.map(({ waitFor }) => waitFor)).toEqual([inOrder, []]);
  expect(second.digest).not.toBe(first.digest);
  const seen = await catalog
    .asService('installer')
    .artifacts.getPackageDetail({ packageId: edited.packageId });
  expect(seen.package?.sources[0]?.waitFor).toEqual(inOrder);

  const reordered = [source('shop', { waitFor: inOrder }), source('db')];
  expect((await templates.updateTemplate({ id, sources: reordered })).packageId).toBe('');
  const back = await templates.updateTemplate({ id, sources: [source('shop'), source('db')] });
  expect((await catalog.built(back.packageId)).digest).toBe(first.digest);
});

test('a request id gives the first result', async () => {
  const { templates } = catalog.as('owner');
  const request = { name: 'Once', sources: [source('shop')], requestId: 'once' };
  const first = await templates.createTemplate(request);
  expect(await templates.createTemplate(request)).toEqual(first);
  await expectError(
    templates.createTemplate({ ...request, name: 'Twice' }),
    Code.InvalidArgument,
    'REQUEST_ID_REUSED',
  );
});

test('a template in use cannot be deleted; one that is not goes with its packages', async () => {
  // A content of its own: an artifact stays while any package has it.
  const { templateId, package: built } = await catalog.aTemplate([{ chart: 'shop', values: { own: true } }]);
  const owner = catalog.as('owner');
  const remove = () => owner.templates.deleteTemplate({ id: templateId });

  const { product } = await owner.products.createProduct({
    name: 'Shop',
    templateId,
    clusterIds: [catalog.aCluster().id],
  });
  const used = await expectError(remove(), Code.FailedPrecondition, 'TEMPLATE_IN_USE');
  expect(used.message).toContain(product!.id);
  const asked = await catalog
    .asService('clusters')
    .usage.getUsage({ subject: { case: 'templateId', value: templateId } });
  expect(asked).toMatchObject({ count: 1, exampleIds: [product!.id] });
  await owner.products.deleteProduct({ id: product!.id });

  catalog.peers.installs.set(templateId, ['ins_1']);
  expect((await expectError(remove(), Code.FailedPrecondition, 'TEMPLATE_IN_USE')).message).toContain(
    'ins_1',
  );
  catalog.peers.installs.delete(templateId);

  await remove();
  await expectError(owner.templates.getTemplate({ id: templateId }), Code.NotFound, 'TEMPLATE_NOT_FOUND');
  await expectError(owner.packages.getPackage({ id: built.id }), Code.NotFound, 'PACKAGE_NOT_FOUND');
  const artifact = catalog.asService('installer').artifacts.getArtifact({ digest: built.digest });
  await expectError(artifact[Symbol.asyncIterator]().next(), Code.NotFound, 'ARTIFACT_NOT_FOUND');
  expect((await factsOf(catalog, 'template', templateId, TemplateEventSchema)).at(-1)?.fact).toBe('deleted');
});

test('lists are newest first, in pages', async () => {
  const { templates } = catalog.as('admin');
  const made: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    made.unshift((await templates.createTemplate({ name, sources: [source('shop')] })).template!.id);
  }
  const first = await templates.listTemplates({ pageSize: 2 });
  const second = await templates.listTemplates({ pageSize: 2, pageToken: first.nextPageToken });
  expect([...first.templates, ...second.templates].slice(0, 3).map(({ id }) => id)).toEqual(made);
});

test('what cannot be a source is refused, naming the field', async () => {
  const { templates } = catalog.as('owner');
  const refused = async (sources: ReturnType<typeof source>[], field: string, reason = 'SOURCE_INVALID') => {
    const error = await expectError(
      templates.createTemplate({ name: 'x', sources }),
      Code.InvalidArgument,
      reason,
    );
    expect(error.fields.map((violation) => violation.field)).toContain(field);
  };
  await refused([], 'sources', 'INVALID_FIELD');
  await refused([source('shop'), source('shop', { version: 'the newest' })], 'sources[1].helm_chart.version');
  await refused([sourceOf('http://me:secret@host/', { chart: 'a' })], 'sources[0].helm_chart.repo_url');
  await refused([sourceOf('ftp://host/', { chart: 'a' })], 'sources[0].helm_chart.repo_url');
  await refused([source('../a')], 'sources[0].helm_chart.chart');
  await refused(
    [source('a', { values: { big: 'x'.repeat(1024 * 1024) } })],
    'sources[0].values',
    'INVALID_FIELD',
  );
  await refused([source('a', { values: { text: 'a\0b' } })], 'sources[0].values.text', 'INVALID_FIELD');
  await refused([source('a', { id: 'src_01h455vb4pex5vsknk084sn02q' })], 'sources[0].id');
  const twice = { waitFor: [WaitFor.WEBHOOKS, WaitFor.WEBHOOKS] };
  await refused([source('a', twice)], 'sources[0].wait_for', 'INVALID_FIELD');
  const unknown = { waitFor: [WaitFor.UNSPECIFIED] };
  await refused([source('a', unknown)], 'sources[0].wait_for[0]', 'INVALID_FIELD');
});

test('another workspace sees nothing, and viewers change nothing', async () => {
  const { templateId } = await catalog.aTemplate();
  const stranger = catalog.as('stranger').templates;
  const notFound = [Code.NotFound, 'TEMPLATE_NOT_FOUND'] as const;
  await expectError(stranger.getTemplate({ id: templateId }), ...notFound);
  await expectError(stranger.updateTemplate({ id: templateId, name: 'Mine' }), ...notFound);
  await expectError(stranger.deleteTemplate({ id: templateId }), ...notFound);
  expect((await stranger.listTemplates({})).templates).toEqual([]);
  const viewer = catalog.as('viewer').templates;
  expect((await viewer.getTemplate({ id: templateId })).template?.id).toBe(templateId);
  await expectError(viewer.deleteTemplate({ id: templateId }), Code.PermissionDenied, 'PERMISSION_DENIED');
  await expectError(catalog.asAnybody().templates.getTemplate({ id: templateId }), Code.Unauthenticated);
});
