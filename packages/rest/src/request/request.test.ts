import { fromBinary, toJson } from '@bufbuild/protobuf';
import { rpcServices } from '@cnap/proto';
import { expect, test } from 'vitest';
import { restOperations } from '../model/operation.ts';
import { RestProblem } from '../problem.ts';
import { requestWriter, type RestInput } from './request.ts';

const operations = new Map(restOperations(rpcServices).map((operation) => [operation.id, operation]));

/** The request that a service gets, as the JSON of protobuf. */
function request(id: string, input: Partial<RestInput>) {
  const operation = operations.get(id) ?? expect.fail(`there is no operation ${id}`);
  const empty = { variables: [], query: '', body: undefined, idempotencyKey: undefined, ifMatch: undefined };
  const bytes = requestWriter(operation)({ ...empty, ...input });
  return toJson(operation.rpc.input, fromBinary(operation.rpc.input, bytes), {
    registry: undefined as never,
  });
}

function refused(
  id: string,
  input: Partial<RestInput>,
): { status: number; param: string | undefined; message: string } {
  try {
    request(id, input);
  } catch (error) {
    if (error instanceof RestProblem)
      return { status: error.status, param: error.error.param, message: error.message };
    throw error;
  }
  return expect.fail('it was taken');
}

test('path, query and headers', () => {
  expect(
    request('listInstalls', { query: 'limit=10&cursor=a%2Bb&product_id=prd_1&show_deleted=true' }),
  ).toEqual({
    pageSize: 10,
    pageToken: 'a+b',
    productId: 'prd_1',
    showDeleted: true,
  });
  expect(request('listOrders', { query: 'filter=STUCK' })).toEqual({ filter: 'ORDER_FILTER_STUCK' });
  expect(request('streamPodLogs', { variables: ['ins_1'], query: 'tail=5' })).toEqual({
    installId: 'ins_1',
    follow: true,
    tailLines: 5,
  });
  expect(request('streamPodLogs', { variables: ['ins_1'], query: 'follow=false&tail=' })).toEqual({
    installId: 'ins_1',
  });
  expect(request('createRegion', { body: { name: 'Here' }, idempotencyKey: 'k' })).toEqual({
    name: 'Here',
    requestId: 'k',
  });
  expect(request('updateRegion', { variables: ['reg_1'], body: { name: 'New' }, ifMatch: 'W/"7"' })).toEqual({
    id: 'reg_1',
    name: 'New',
    etag: '7',
  });
  expect(request('updateRegion', { variables: ['reg_1'], ifMatch: '*' })).toEqual({ id: 'reg_1' });
});

test('a body with nested names, enums, times and free-form JSON', () => {
  expect(
    request('createProduct', {
      body: {
        name: 'Notes',
        settings: { show_sources: true, custom_description: 'Short' },
        visibility: 'UNLISTED',
        values: { a: { b: [1, null, true, 'x', {}] } },
        health_deadline_seconds: 1.5,
        links: [{ title: 'Home', url: 'https://example.com' }],
      },
    }),
  ).toEqual({
    name: 'Notes',
    showSources: true,
    description: 'Short',
    visibility: 'VISIBILITY_UNLISTED',
    values: { a: { b: [1, null, true, 'x', {}] } },
    healthDeadline: '1.500s',
    links: [{ title: 'Home', url: 'https://example.com' }],
  });
  expect(request('createToken', { body: { name: 'CI', expires_at: 1_742_169_600 } })).toEqual({
    name: 'CI',
    expireTime: '2025-03-17T00:00:00Z',
  });
});

test('a list that is not there is not an empty one', () => {
  const body = { name: 'New' };
  expect(request('updateTemplate', { variables: ['tpl_1'], body })).toEqual({ id: 'tpl_1', name: 'New' });
  // Where nothing is asked of its length, an empty list is one.
  expect(request('createProduct', { body: { cluster_ids: [], links: [] } })).toEqual({});
});

test('a change has the names of what is present; null clears', () => {
  const body = { name: 'New', settings: { show_sources: false }, links: [], documentation: null };
  expect(request('updateProduct', { variables: ['prd_1'], body, ifMatch: '"7"' })).toEqual({
    id: 'prd_1',
    change: { name: 'New' },
    updateMask: 'name,showSources,links,documentation',
    etag: '7',
  });
});

test.each<[string, string, Partial<RestInput>, string | undefined]>([
  ['an unknown member', 'createRegion', { body: { name: 'a', colour: 'red' } }, 'colour'],
  ['an unknown member in a group', 'createProduct', { body: { settings: { logo: '' } } }, 'settings.logo'],
  [
    'an unknown member below',
    'createProduct',
    { body: { links: [{ title: 'a' }, { href: '' }] } },
    'links[1].href',
  ],
  ['the field of a header', 'createRegion', { body: { request_id: 'k' } }, 'request_id'],
  ['the field of the path', 'updateRegion', { variables: ['reg_1'], body: { id: 'reg_2' } }, 'id'],
  ['a number for text', 'createRegion', { body: { name: 5 } }, 'name'],
  ['text for a number', 'previewCheckout', { body: { quantity: '5' } }, 'quantity'],
  ['a fraction', 'previewCheckout', { body: { quantity: 1.5 } }, 'quantity'],
  ['more than 32 bits', 'previewCheckout', { body: { quantity: 2 ** 31 } }, 'quantity'],
  ['text for a boolean', 'cancelOrder', { variables: ['ord_1'], body: { at_once: 'yes' } }, 'at_once'],
  ['null', 'createRegion', { body: { name: null } }, 'name'],
  ['a list for an object', 'createRegion', { body: [] }, undefined],
  ['an object for a list', 'createProduct', { body: { cluster_ids: {} } }, 'cluster_ids'],
  ['an item of another type', 'createProduct', { body: { cluster_ids: ['a', 1] } }, 'cluster_ids[1]'],
  [
    'no element where one must be',
    'updateTemplate',
    { variables: ['tpl_1'], body: { sources: [] } },
    'sources',
  ],
  ['half a character', 'createRegion', { body: { name: '\ud800' } }, 'name'],
  ['a value that no enum has', 'createProduct', { body: { visibility: 'public' } }, 'visibility'],
  ['the prefix of an enum', 'createProduct', { body: { visibility: 'VISIBILITY_PUBLIC' } }, 'visibility'],
  ['the zero of an enum', 'createProduct', { body: { visibility: 'UNSPECIFIED' } }, 'visibility'],
  [
    'text for a time',
    'createToken',
    { body: { name: 'a', expires_at: '2026-01-01T00:00:00Z' } },
    'expires_at',
  ],
  ['a time that is none', 'createToken', { body: { name: 'a', expires_at: 1e15 } }, 'expires_at'],
  ['a list for free-form JSON', 'createProduct', { body: { values: [] } }, 'values'],
  [
    'a key that objects cannot have',
    'createProduct',
    { body: { values: JSON.parse('{"__proto__": 1}') } },
    'values',
  ],
  ['a number beyond all', 'createProduct', { body: { values: { a: Infinity } } }, 'values'],
  [
    'two of one kind',
    'createProduct',
    { body: { outputs: [{ title: 'a', text: '', secret_key: '' }] } },
    'outputs[0].secret_key',
  ],
  ['an unknown parameter', 'listClusters', { query: 'colour=red' }, 'colour'],
  ['a parameter twice', 'listClusters', { query: 'cursor=a&cursor=b' }, 'cursor'],
  ['a limit of none', 'listClusters', { query: 'limit=0' }, 'limit'],
  ['a limit above 100', 'listClusters', { query: 'limit=101' }, 'limit'],
  ['a limit that is no number', 'listClusters', { query: 'limit=ten' }, 'limit'],
  ['pages where there are none', 'listPods', { variables: ['ins_1'], query: 'limit=5' }, 'limit'],
  ['an empty key', 'createRegion', { body: { name: 'a' }, idempotencyKey: '' }, 'Idempotency-Key'],
  ['a long key', 'createRegion', { body: { name: 'a' }, idempotencyKey: 'k'.repeat(257) }, 'Idempotency-Key'],
  ['an entity tag without quotes', 'updateRegion', { variables: ['reg_1'], ifMatch: '7' }, 'If-Match'],
  ['two etags', 'updateRegion', { variables: ['reg_1'], body: { etag: '6' }, ifMatch: '"7"' }, 'etag'],
])('%s is 422', (_, id, input, param) => {
  expect(refused(id, input)).toMatchObject({ status: 422, param });
});

test('whoever misspells is told what there is', () => {
  const operation = operations.get('createRegion') ?? expect.fail();
  const input = { variables: [], query: '', idempotencyKey: undefined, ifMatch: undefined };
  expect(() => requestWriter(operation)({ ...input, body: { nmae: 'a' } })).toThrowError(
    expect.objectContaining({
      error: expect.objectContaining({ suggestion: 'Known here: name, icon, country.' }),
    }),
  );
});
