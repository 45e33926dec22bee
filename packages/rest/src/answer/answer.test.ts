import { create, toBinary, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { rpcServices } from '@cnap/proto';
import {
  CreateProductResponseSchema,
  GetProductResponseSchema,
} from '@cnap/proto/cnap/catalog/v1/product_service';
import { GetTemplateResponseSchema } from '@cnap/proto/cnap/catalog/v1/template_service';
import { RegistryProxyMode } from '@cnap/proto/cnap/catalog/v1/template';
import { ClusterState, ManagedControlPlaneState } from '@cnap/proto/cnap/clusters/v1/cluster';
import {
  GetClusterResponseSchema,
  ListClustersResponseSchema,
} from '@cnap/proto/cnap/clusters/v1/cluster_service';
import { GetOrderResponseSchema } from '@cnap/proto/cnap/billing/v1/order_service';
import {
  CreateTokenResponseSchema,
  ListTokensResponseSchema,
} from '@cnap/proto/cnap/identity/v1/token_service';
import { GetInstallResponseSchema } from '@cnap/proto/cnap/installer/v1/install_service';
import { StreamPodLogsResponseSchema } from '@cnap/proto/cnap/installer/v1/pod_service';
import { expect, test } from 'vitest';
import { restOperations } from '../model/operation.ts';
import { answerWriter, rawField } from './answer.ts';

const operations = new Map(restOperations(rpcServices).map((operation) => [operation.id, operation]));
const operation = (id: string) => operations.get(id) ?? expect.fail(`there is no operation ${id}`);

function answer<Desc extends DescMessage>(id: string, schema: Desc, message: MessageInitShape<Desc>) {
  const bytes = Buffer.from(toBinary(schema, create(schema, message)));
  const { json, etag } = answerWriter(operation(id))(bytes);
  return { body: JSON.parse(json ?? 'null') as unknown, etag };
}

const at = (seconds: bigint) => ({ seconds, nanos: 999_000_000 });

test('a resource alone: snake case, Unix seconds, groups, free-form JSON, and its etag as a header', () => {
  const { body, etag } = answer('getProduct', GetProductResponseSchema, {
    product: {
      id: 'prd_1',
      name: 'Notes “ünï” \u2028 "x"',
      description: 'Short',
      showSources: true,
      clusterIds: ['clu_1', 'clu_2'],
      values: { deep: { list: [1, 'two', null, { three: 3.5 }], no: false }, '': 'empty key' },
      inputs: [{ name: 'title', from: undefined, schema: { type: 'string' } } as never],
      outputs: [{ title: 'URL', from: { case: 'text', value: '' } }],
      healthDeadline: { seconds: 90n, nanos: 500_000_000 },
      etag: '7',
      createTime: at(1_742_169_600n),
    },
  });
  expect(etag).toBe('"7"');
  expect(body).toMatchObject({
    id: 'prd_1',
    name: 'Notes “ünï” \u2028 "x"',
    settings: { custom_description: 'Short', custom_image: '', show_sources: true },
    cluster_ids: ['clu_1', 'clu_2'],
    stripe_price_ids: [],
    values: { deep: { list: [1, 'two', null, { three: 3.5 }], no: false }, '': 'empty key' },
    inputs: [{ name: 'title', schema: { type: 'string' }, required: false }],
    outputs: [{ title: 'URL', text: '', secret: false }],
    health_deadline_seconds: 90.5,
    trial_days: 0,
    created_at: 1_742_169_600,
  });
  expect(body).not.toHaveProperty('updated_at');
  expect(body).not.toHaveProperty('input_schema');
  expect(body).not.toHaveProperty('state');
});

test('enum values lose their prefix, int64 are numbers, also beyond what JavaScript counts', () => {
  const response = create(GetOrderResponseSchema, {
    order: { state: 4, amountTotal: 9_007_199_254_740_993n, amountCaptured: -1n },
  });
  const bytes = Buffer.from(toBinary(GetOrderResponseSchema, response));
  const { json } = answerWriter(operation('getOrder'))(bytes);
  expect(json).toContain('"amount_total":9007199254740993,"amount_captured":-1,"amount_refunded":0');
  expect(JSON.parse(json ?? '')).toMatchObject({ state: 'FULFILLED', quantity: 0 });
});

test('what is nullable is null where it is unset', () => {
  const install = answer('getInstall', GetInstallResponseSchema, { install: { id: 'ins_1', clusterId: '' } });
  expect(install.body).toMatchObject({ name: null, product_id: null, template_id: null, cluster_id: '' });
  const tokens = answer('listTokens', ListTokensResponseSchema, {
    tokens: [{ id: 'tok_1', createTime: at(5n) }],
  });
  expect(tokens.body).toEqual({
    data: [expect.objectContaining({ id: 'tok_1', created_at: 5, last_used_at: null, expires_at: null })],
    pagination: { cursor: null, has_more: false },
  });
});

test('a message within a resource is null, or an object with a name of its own', () => {
  const imported = { id: 'clu_1', state: ClusterState.RUNNING, kubernetesVersion: 'v1.36.3' };
  expect(answer('getCluster', GetClusterResponseSchema, { cluster: imported }).body).toMatchObject({
    kaas: null,
  });
  const managedControlPlane = { version: 'v1.36.3', state: ManagedControlPlaneState.DEGRADED };
  const managed = answer('getCluster', GetClusterResponseSchema, {
    cluster: { ...imported, managedControlPlane },
  });
  expect(managed.body).toMatchObject({
    kaas: { version: 'v1.36.3', status: 'DEGRADED', status_message: null },
  });
});

test('a template has its sources with their charts; its mode in lower case', () => {
  const { body } = answer('getTemplate', GetTemplateResponseSchema, {
    template: {
      registryProxyMode: RegistryProxyMode.ALWAYS,
      sources: [
        {
          id: 'src_1',
          kind: { case: 'helmChart', value: { repoUrl: 'https://x.example', chart: 'c', version: '1.2.3' } },
        },
      ],
    },
  });
  expect(body).toMatchObject({
    registry_proxy_mode: 'always',
    helm_sources: [
      { id: 'src_1', chart: { repo_url: 'https://x.example', chart: 'c', target_revision: '1.2.3' } },
    ],
  });
  expect(answer('getTemplate', GetTemplateResponseSchema, { template: {} }).body).toMatchObject({
    registry_proxy_mode: null,
    helm_sources: [],
  });
});

test('a list has its cursor', () => {
  const { body } = answer('listClusters', ListClustersResponseSchema, {
    clusters: [{ id: 'clu_1' }, { id: 'clu_2' }],
    nextPageToken: 'next "page"',
  });
  expect(body).toEqual({
    data: [expect.objectContaining({ id: 'clu_1' }), expect.objectContaining({ id: 'clu_2' })],
    pagination: { cursor: 'next "page"', has_more: true },
  });
});

test('picked members are all there is', () => {
  expect(
    answer('createToken', CreateTokenResponseSchema, {
      token: { id: 'tok_1', name: 'CI' },
      secret: 'cnap_pat_x',
    }).body,
  ).toEqual({ id: 'tok_1', name: 'CI', token: 'cnap_pat_x' });
  expect(
    answer('createProduct', CreateProductResponseSchema, { product: { id: 'prd_1', templateId: 'tpl_1' } })
      .body,
  ).toEqual({ product_id: 'prd_1', template_id: 'tpl_1' });
  expect(answer('createProduct', CreateProductResponseSchema, {}).body).toEqual({
    product_id: '',
    template_id: '',
  });
});

test('a raw field is its bytes', () => {
  const { stream } = operation('streamPodLogs');
  const bytes = toBinary(StreamPodLogsResponseSchema, create(StreamPodLogsResponseSchema, { line: 'ünï' }));
  expect(stream).toMatchObject({ kind: 'text' });
  if (stream?.kind === 'text') expect(rawField(stream.field)(Buffer.from(bytes)).toString()).toBe('ünï');
});

test('what is cut off is no answer', () => {
  const bytes = toBinary(
    CreateTokenResponseSchema,
    create(CreateTokenResponseSchema, { token: { id: 'tok_1' } }),
  );
  expect(() => answerWriter(operation('createToken'))(Buffer.from(bytes.subarray(0, -1)))).toThrowError(
    'cut off',
  );
});
