import { rpcServices } from '@cnap/proto';
import { expect, test } from 'vitest';
import { restOperations } from './model/operation.ts';
import { createRouter } from './router.ts';

const operations = restOperations(rpcServices);
const route = createRouter(operations);
const found = (method: string, path: string) => {
  const routed = route(method, path);
  return routed.kind === 'found' ? [routed.operation.id, ...routed.variables] : routed;
};

test('every operation is found', () => {
  for (const { id, method, path } of operations) {
    const variables = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `some ${name}`);
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(`some ${name}`));
    expect(found(method, filled)).toEqual([id, ...variables]);
  }
});

test('a static segment hides a variable', () => {
  expect(found('GET', '/v1/user/tokens')).toEqual(['listTokens']);
  expect(found('POST', '/v1/checkouts/preview')).toEqual(['previewCheckout']);
  expect(found('GET', '/v1/clusters/import')).toEqual({ kind: 'other-method', allow: ['POST'] });
  expect(found('POST', '/v1/clusters/import')).toEqual(['importCluster']);
});

test('HEAD is GET, but for streams', () => {
  expect(found('HEAD', '/v1/clusters/clu_1')).toEqual(['getCluster', 'clu_1']);
  expect(found('HEAD', '/v1/installs/ins_1/logs')).toEqual({ kind: 'other-method', allow: ['GET'] });
});

test('another method is told which there are', () => {
  expect(found('PUT', '/v1/clusters/clu_1')).toEqual({
    kind: 'other-method',
    allow: ['DELETE', 'GET', 'HEAD', 'PATCH'],
  });
});

test.each([
  '/v1',
  '/v1/',
  '/v1/nothing',
  '/v1/clusters/',
  '/v1/clusters/clu_1/nothing',
  '/v1/clusters/%',
  '/v1//clusters',
])('there is no %s', (path) => {
  expect(found('GET', path)).toEqual({ kind: 'unknown' });
});
