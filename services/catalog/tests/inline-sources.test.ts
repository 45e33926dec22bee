// Sources that come with a product, and what tools keep with sources: as the public REST contract has them.
import { ProductEventSchema } from '@cnap/proto/cnap/catalog/v1/product_event';
import { TemplateEventSchema } from '@cnap/proto/cnap/catalog/v1/template_event';
import { newId } from '@cnap/ids';
import { expectError } from '@cnap/testing';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import { PackageState, sourceOf, startTestCatalog, type TestCatalog } from './test-catalog.ts';

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
  for (const version of ['1.0.0', '1.1.0']) catalog.repository.publish('shop', version);
});
afterAll(() => catalog[Symbol.asyncDispose]());

const source = (version = '1.0.0', metadata?: object) => ({
  ...sourceOf(catalog.repository.url, { chart: 'shop', version }),
  ...(metadata === undefined ? {} : { metadata: metadata as Record<string, never> }),
});
const request = () => ({ name: 'Shop', clusterIds: [catalog.aCluster().id], sources: [source()] });

const latest = async (templateId: string) => {
  const { packages } = await catalog.as('owner').packages.listPackages({ templateId });
  return catalog.built(packages[0]!.id);
};

test('a product of sources has a template of its own, which is built; new sources change it', async () => {
  const owner = catalog.as('owner');
  const { product } = await owner.products.createProduct(request());
  const { id, templateId } = product!;
  const { template } = await owner.templates.getTemplate({ id: templateId });
  expect(template).toMatchObject({ name: 'Shop', sources: [{ alias: 'shop' }] });
  expect(await latest(templateId)).toMatchObject({ state: PackageState.READY, version: '1.0.0' });

  const change = (sources: ReturnType<typeof source>[]) =>
    owner.products.updateProduct({
      id,
      change: { name: 'Store', sources },
      updateMask: { paths: ['name', 'sources'] },
    });
  const changed = await change([source('1.1.0')]);
  expect(changed.product).toMatchObject({ id, templateId, name: 'Store' });
  expect((await owner.templates.getTemplate({ id: templateId })).template?.sources).toMatchObject([
    { id: template!.sources[0]!.id, alias: 'shop', kind: { value: { version: '1.1.0' } } },
  ]);
  expect(await latest(templateId)).toMatchObject({ version: '1.0.1' });
  expect(
    (await factsOf(catalog, 'template', templateId, TemplateEventSchema)).map(({ fact }) => fact),
  ).toEqual(['created', 'updated']);
  expect((await factsOf(catalog, 'product', id, ProductEventSchema)).map(({ fact }) => fact)).toEqual([
    'published',
    'updated',
  ]);

  const refused = async (call: Promise<unknown>, field: string, reason = 'INVALID_FIELD') => {
    const error = await expectError(call, Code.InvalidArgument, reason);
    expect(error.fields.map((violation) => violation.field)).toEqual([field]);
  };
  await refused(change([]), 'change.sources');
  const both = { id, change: { sources: [source()], templateId } };
  const paths = ['sources', 'template_id'];
  await refused(owner.products.updateProduct({ ...both, updateMask: { paths } }), 'change.sources');
  await refused(change([source('no version')]), 'sources[0].helm_chart.version', 'SOURCE_INVALID');
  expect((await owner.templates.getTemplate({ id: templateId })).template?.sources).toMatchObject([
    { kind: { value: { version: '1.1.0' } } },
  ]);
});

test('a product has sources or a template, not both and not neither', async () => {
  const { products } = catalog.as('owner');
  const { templateId } = await catalog.aTemplate();
  for (const change of [{ sources: [] }, { templateId }]) {
    const call = products.createProduct({ ...request(), ...change });
    const error = await expectError(call, Code.InvalidArgument, 'INVALID_FIELD');
    expect(error.fields[0]?.field).toBe('sources');
  }
  await products.createProduct({ ...request(), sources: [], templateId });
  const call = products.createProduct({ ...request(), imageUrl: 'javascript:alert(1)' });
  const error = await expectError(call, Code.InvalidArgument, 'INVALID_FIELD');
  expect(error.fields[0]?.field).toBe('image_url');
});

test('nothing is left of a product that is refused, and one request makes one template', async () => {
  const { products, templates } = catalog.as('owner');
  const count = async () => (await templates.listTemplates({ pageSize: 100 })).templates.length;
  const before = await count();
  await expectError(
    products.createProduct({ ...request(), clusterIds: [newId('clu')] }),
    Code.InvalidArgument,
    'CLUSTER_NOT_FOUND',
  );
  expect(await count()).toBe(before);
  const once = { ...request(), requestId: 'once' };
  expect(await products.createProduct(once)).toEqual(await products.createProduct(once));
  expect(await count()).toBe(before + 1);
});

const image = {
  url: 'ghcr.io/acme/shop',
  tag: 'v1',
  github: {
    workflow_run_id: '7',
    repository: {
      id: 1,
      html_url: 'https://github.test/acme/shop',
      name: 'shop',
      full_name: 'acme/shop',
      owner: {
        login: 'acme',
        id: 2,
        type: 'Organization',
        avatar_url: 'https://github.test/a.png',
        html_url: 'https://github.test/acme',
      },
    },
  },
};

test('what tools note about a source is kept, and a note alone builds nothing', async () => {
  const { templates } = catalog.as('owner');
  const noted = {
    artifact_hub_helm_package: { name: 'shop', stars: 3 },
    image,
    auto_deploy: true,
    other: [1],
  };
  const made = await templates.createTemplate({ name: 'Noted', sources: [source('1.0.0', noted)] });
  expect(made.template?.sources[0]?.metadata).toEqual(noted);
  const later = { ...noted, auto_deploy: false };
  const id = made.template!.id;
  const edited = await templates.updateTemplate({ id, sources: [source('1.0.0', later)] });
  expect(edited).toMatchObject({ packageId: '', template: { sources: [{ metadata: later }] } });
  expect((await templates.getTemplate({ id })).template?.sources[0]?.id).toBe(made.template!.sources[0]!.id);
});

test.each([
  [{ auto_deploy: 'yes' }, 'auto_deploy'],
  [{ artifact_hub_helm_package: [] }, 'artifact_hub_helm_package'],
  [{ image: { url: 'ghcr.io/a' } }, 'image.tag'],
  [{ image: { ...image, url: '' } }, 'image.url'],
  [{ image: { ...image, github: { repository: { id: 'one' } } } }, 'image.github.repository.id'],
  [
    {
      image: { ...image, github: { repository: { ...image.github.repository, owner: { login: 'a' } } } },
    },
    'image.github.repository.owner.id',
  ],
])('a note of another form is refused: %j', async (metadata, member) => {
  const call = catalog.as('owner').templates.createTemplate({ name: 'x', sources: [source('', metadata)] });
  const error = await expectError(call, Code.InvalidArgument, 'SOURCE_INVALID');
  expect(error.fields.map(({ field }) => field)).toEqual([`sources[0].metadata.${member}`]);
});
