import { ProductEventSchema } from '@cnap/proto/cnap/catalog/v1/product_event';
import { InputFill, ProductState, UpdatePolicy, Visibility } from '@cnap/proto/cnap/catalog/v1/product';
import { newId } from '@cnap/ids';
import { expectError } from '@cnap/testing';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import { monthly } from './peers.ts';
import { startTestCatalog, type TestCatalog, withPrices } from './test-catalog.ts';

let catalog: TestCatalog;
let templateId: string;
beforeAll(async () => {
  catalog = await startTestCatalog();
  ({ templateId } = await catalog.aTemplate());
});
afterAll(() => catalog[Symbol.asyncDispose]());

const request = () => ({ name: 'Shop', templateId, clusterIds: [catalog.aCluster().id] });
const input = (change: object = {}) => ({
  name: 'title',
  path: 'title',
  schema: { type: 'string' },
  ...change,
});

test('a product keeps what its seller says, and buyers get a schema of what they answer', async () => {
  withPrices(catalog, ['price_a', 'price_b']);
  const owner = catalog.as('owner').products;
  const { product } = await owner.createProduct({
    ...request(),
    description: 'A shop',
    stripePriceIds: ['price_b', 'price_a'],
    values: { shop: { title: 'fixed' } },
    links: [{ title: 'Home', url: 'https://example.test' }],
    inputs: [
      input({ required: true, group: 'Looks', schema: { type: 'string', title: 'Title', maxLength: 50 } }),
      input({ name: 'pass', path: 'auth.password', fill: InputFill.PASSWORD, secret: true }),
    ],
    outputs: [
      { title: 'Address', from: { case: 'text', value: 'https://{{host}}/' } },
      { title: 'Password', secret: true, from: { case: 'secretKey', value: 'RELEASE-shop/password' } },
    ],
    healthDeadline: { seconds: 90n, nanos: 500_000_000 },
  });
  expect(product).toMatchObject({
    visibility: Visibility.PUBLIC,
    state: ProductState.ACTIVE,
    updatePolicy: UpdatePolicy.PATCH,
    stripePriceIds: ['price_b', 'price_a'],
    healthDeadline: { seconds: 90n, nanos: 500_000_000 },
    inputs: [
      { name: 'title', fill: InputFill.BUYER },
      { name: 'pass', fill: InputFill.PASSWORD },
    ],
    outputs: [{ from: { case: 'text' } }, { from: { case: 'secretKey', value: 'RELEASE-shop/password' } }],
    inputSchema: {
      type: 'object',
      properties: {
        title: { type: 'string', title: 'Title', maxLength: 50, 'x-order': 0, 'x-group': 'Looks' },
      },
      required: ['title'],
      additionalProperties: false,
    },
  });
  expect((await owner.getProduct({ id: product!.id })).product).toEqual(product);
  const detail = await catalog
    .asService('billing')
    .productDetails.getProductDetail({ productId: product!.id });
  expect(detail.product).toEqual(product);
  expect(detail.package?.version).toBe('1.0.0');
});

test('without prices a product is private; changes, retirement and deletion are facts', async () => {
  const owner = catalog.as('owner').products;
  const { product } = await owner.createProduct(request());
  const id = product!.id;
  expect(product?.visibility).toBe(Visibility.PRIVATE);
  const { product: renamed } = await owner.updateProduct({
    id,
    change: { name: 'Store', description: 'not in the mask' },
    updateMask: { paths: ['name'] },
    etag: product!.etag,
  });
  expect(renamed).toMatchObject({ name: 'Store', description: '' });
  withPrices(catalog, ['price_a']);
  const { product: sold } = await owner.updateProduct({
    id,
    change: { stripePriceIds: ['price_a'] },
    updateMask: { paths: ['stripe_price_ids', 'visibility'] },
  });
  expect(sold).toMatchObject({ stripePriceIds: ['price_a'], visibility: Visibility.PUBLIC, name: 'Store' });

  const retired = await owner.retireProduct({ id });
  expect(retired.product?.state).toBe(ProductState.RETIRED);
  expect(await owner.retireProduct({ id })).toEqual(retired);
  await expectError(
    owner.updateProduct({ id, change: { name: 'Late' }, updateMask: { paths: ['name'] } }),
    Code.FailedPrecondition,
    'PRODUCT_RETIRED',
  );
  const detail = await catalog.asService('installer').productDetails.getProductDetail({ productId: id });
  expect(detail.product?.state).toBe(ProductState.RETIRED);

  for (const users of [catalog.peers.installs, catalog.peers.orders]) {
    users.set(id, ['user_1']);
    const error = await expectError(owner.deleteProduct({ id }), Code.FailedPrecondition, 'PRODUCT_IN_USE');
    expect(error.message).toContain('user_1');
    users.delete(id);
  }
  await owner.deleteProduct({ id });
  await expectError(owner.getProduct({ id }), Code.NotFound, 'PRODUCT_NOT_FOUND');
  const facts = await factsOf(catalog, 'product', id, ProductEventSchema);
  expect(facts.map(({ fact }) => fact)).toEqual(['published', 'updated', 'updated', 'retired', 'deleted']);
  expect(facts.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
  expect(facts[2]?.message).toMatchObject({
    name: 'Store',
    stripePriceIds: ['price_a'],
    state: ProductState.ACTIVE,
  });
});

test('clusters and prices must be there and be the seller’s', async () => {
  const owner = catalog.as('owner').products;
  const foreign = catalog.aCluster({ workspaceId: catalog.keys.strangerWorkspaceId });
  for (const id of [foreign.id, newId('clu')]) {
    const error = await expectError(
      owner.createProduct({ ...request(), clusterIds: [catalog.aCluster().id, id] }),
      Code.InvalidArgument,
      'CLUSTER_NOT_FOUND',
    );
    expect(error.fields).toMatchObject([{ field: 'cluster_ids', description: expect.stringContaining(id) }]);
  }
  catalog.peers.accounts.delete(catalog.keys.workspaceId);
  const paid = { ...request(), stripePriceIds: ['price_a', 'price_old'] };
  await expectError(owner.createProduct(paid), Code.FailedPrecondition, 'SELLER_NOT_READY');
  catalog.peers.accounts.set(catalog.keys.workspaceId, {
    chargesEnabled: false,
    prices: [monthly('price_a'), monthly('price_old', { active: false })],
  });
  const error = await expectError(owner.createProduct(paid), Code.InvalidArgument, 'PRICE_NOT_FOUND');
  expect(error.fields[0]?.description).toContain('price_old');
  await expectError(
    owner.createProduct({ ...request(), templateId: newId('tpl') }),
    Code.NotFound,
    'TEMPLATE_NOT_FOUND',
  );
});

test('inputs, values and masks that cannot be are refused, naming the field', async () => {
  const owner = catalog.as('owner').products;
  const refused = async (change: object, field: string, reason = 'INPUT_INVALID') => {
    const error = await expectError(
      owner.createProduct({ ...request(), ...change }),
      Code.InvalidArgument,
      reason,
    );
    expect(error.fields.map((violation) => violation.field)).toContain(field);
  };
  await refused({ inputs: [input({ sourceAlias: 'db' })] }, 'inputs[0].source_alias');
  await refused({ inputs: [input({ path: 'a..b' })] }, 'inputs[0].path');
  await refused({ inputs: [input(), input({ name: 'other' })] }, 'inputs[1].path');
  await refused({ inputs: [input({ schema: { type: 'text' } })] }, 'inputs[0].schema');
  await refused({ inputs: [input({ name: '1' })] }, 'inputs[0].name', 'INVALID_FIELD');
  await refused({ values: { db: {} } }, 'values.db');
  await refused(
    { outputs: [{ title: 'a', from: { case: 'text', value: '{{inputs.b}}' } }] },
    'outputs[0].text',
  );
  await refused({ links: [{ title: 'a', url: 'http://a' }] }, 'links[0].url', 'INVALID_FIELD');
  await refused({ name: 'x' }, 'name', 'INVALID_FIELD');
  await refused({ description: 'a\0' }, 'description', 'INVALID_FIELD');
  const { product } = await owner.createProduct(request());
  const change = async (paths: string[], fields: object, field: string) => {
    const call = owner.updateProduct({ id: product!.id, change: fields, updateMask: { paths } });
    const error = await expectError(call, Code.InvalidArgument, 'INVALID_FIELD');
    expect(error.fields.map((violation) => violation.field)).toContain(field);
  };
  await change([], {}, 'update_mask');
  await change(['workspace_id'], {}, 'update_mask');
  await change(['name'], {}, 'change.name');
  await change(['cluster_ids'], {}, 'change.cluster_ids');
});

test('a request id gives the first result', async () => {
  const owner = catalog.as('member').products;
  const once = { ...request(), requestId: 'once' };
  expect(await owner.createProduct(once)).toEqual(await owner.createProduct(once));
  await expectError(
    owner.createProduct({ ...once, name: 'Other' }),
    Code.InvalidArgument,
    'REQUEST_ID_REUSED',
  );
});

test('another workspace sees nothing; what uses a cluster is known', async () => {
  const cluster = catalog.aCluster();
  const { product } = await catalog
    .as('owner')
    .products.createProduct({ ...request(), clusterIds: [cluster.id] });
  const id = product!.id;
  const stranger = catalog.as('stranger').products;
  const notFound = [Code.NotFound, 'PRODUCT_NOT_FOUND'] as const;
  await expectError(stranger.getProduct({ id }), ...notFound);
  await expectError(
    stranger.updateProduct({ id, change: { name: 'Mine' }, updateMask: { paths: ['name'] } }),
    ...notFound,
  );
  await expectError(stranger.retireProduct({ id }), ...notFound);
  await expectError(stranger.deleteProduct({ id }), ...notFound);
  await expectError(
    stranger.createProduct({ ...request(), name: 'Mine' }),
    Code.NotFound,
    'TEMPLATE_NOT_FOUND',
  );
  expect((await stranger.listProducts({})).products).toEqual([]);
  expect((await catalog.as('viewer').products.listProducts({ templateId })).products[0]?.id).toBe(id);
  const { usage } = catalog.asService('clusters');
  expect(await usage.getUsage({ subject: { case: 'clusterId', value: cluster.id } })).toMatchObject({
    count: 1,
    exampleIds: [id],
  });
  const all = await usage.getUsage({ subject: { case: 'workspaceId', value: catalog.keys.workspaceId } });
  expect(all.count).toBeGreaterThan(1);
  expect((await usage.getUsage({ subject: { case: 'clusterId', value: newId('clu') } })).count).toBe(0);
});
