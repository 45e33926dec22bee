// Every change that somebody makes is a fact that says who: the audit log is made of them.
import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actorsOf } from './facts.ts';
import { sourceOf, startTestCatalog, type TestCatalog } from './test-catalog.ts';

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
});
afterAll(() => catalog[Symbol.asyncDispose]());

test('every change names who made it', async () => {
  const { templates, packages, products, registryCredentials } = catalog.as('owner');
  const { templateId } = await catalog.aTemplate();
  await templates.updateTemplate({ id: templateId, name: 'Store' });
  catalog.repository.publish('shop', '1.0.1');
  const { package: asked } = await packages.buildPackage({ templateId });
  await catalog.built(asked!.id);
  const clusterIds = [catalog.aCluster().id];
  const sources = [sourceOf(catalog.repository.url, { chart: 'shop' })];
  const { product } = await products.createProduct({ name: 'Shop', sources, clusterIds });
  const { id } = product!;
  await products.updateProduct({ id, change: { name: 'Two' }, updateMask: { paths: ['name'] } });
  await products.retireProduct({ id });
  await products.deleteProduct({ id });
  await templates.deleteTemplate({ id: templateId });
  const made = await registryCredentials.createRegistryCredential({
    name: 'One',
    registryUrl: 'ghcr.io',
    type: RegistryCredentialType.TOKEN,
    credentials: { token: 'canary-actor' },
  });
  await registryCredentials.deleteRegistryCredential({ id: made.registryCredential!.id });

  const seen = await actorsOf(catalog);
  const byPeople = seen.filter(({ fact }) => !['package.ready', 'package.failed'].includes(fact));
  expect(byPeople.map(({ fact }) => fact)).toEqual([
    'template.created',
    'template.updated',
    'package.queued',
    'template.created',
    'product.published',
    'product.updated',
    'product.retired',
    'product.deleted',
    'template.deleted',
    'registry_credential.created',
    'registry_credential.deleted',
  ]);
  for (const { fact, actor } of byPeople)
    expect([fact, actor]).toEqual([fact, expect.stringMatching(/usr_/)]);
});
