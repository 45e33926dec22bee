// The REST API as existing tools call it, against the real services: every operation of theirs once, in the order a
// seller would.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '@cnap/ids';
import { eventually } from '@cnap/testing';
import { expectDescribed } from './described.ts';
import { startPlatform, type Platform } from './platform.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform[Symbol.asyncDispose]());

const called = new Set<string>();

type Json = Record<string, unknown>;
type Answer = { status: number; json: Json; text: string; type: string | null };

async function call(method: string, path: string, body?: unknown, headers: Json = {}): Promise<Answer> {
  const { token, workspace_id: workspaceId } = platform.sample.seller;
  const response = await fetch(platform.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'x-workspace-id': workspaceId,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const type = response.headers.get('content-type');
  const answer = {
    status: response.status,
    text,
    type,
    json: type === 'application/json' ? (JSON.parse(text) as Json) : {},
  };
  await expectDescribed(platform.url, [method, path], answer, called);
  return answer;
}

/** Creates something, twice with one key: both answers are the same. A key is for one request only. */
async function create(path: string, body: Json): Promise<Answer> {
  const headers = { 'idempotency-key': newId('req') };
  const first = await call('POST', path, body, headers);
  const second = await call('POST', path, body, headers);
  expect([second.status, second.text]).toEqual([first.status, first.text]);
  const other = await call('POST', path, { ...body, name: 'Another' }, headers);
  expect([other.status, other.json['error']]).toMatchObject([422, { param: 'Idempotency-Key' }]);
  return first;
}

const listOf = (answer: Answer): Json[] => {
  expect([answer.status, answer.json]).toEqual([
    200,
    { data: expect.any(Array), pagination: { cursor: null, has_more: false } },
  ]);
  return answer.json['data'] as Json[];
};
const unixSeconds = expect.closeTo(Date.now() / 1_000, -4);
type Source = { id: string; chart: unknown };
const firstSource = async (template: unknown): Promise<Source> => {
  const { json } = await call('GET', `/v1/templates/${String(template)}`);
  const [source] = json['helm_sources'] as Source[];
  return source ?? expect.fail('the template has no sources');
};
/** The chart of the sample product: one that is to be had. */
const sampleChart = async (): Promise<unknown> => {
  const { json } = await call('GET', `/v1/products/${platform.sample.products.one_time}`);
  return (await firstSource(json['template_id'])).chart;
};

describe('people', () => {
  test('tokens and workspaces', async () => {
    const made = await call('POST', '/v1/user/tokens', { name: 'CI', expires_at: 4_102_444_800 });
    expect([made.status, made.json]).toEqual([
      201,
      { id: expect.stringMatching(/^tok_/), name: 'CI', token: expect.stringMatching(/^cnap_pat_/) },
    ]);
    const [token] = listOf(await call('GET', '/v1/user/tokens'));
    expect(token).toMatchObject({
      id: made.json['id'],
      name: 'CI',
      prefix: expect.stringMatching(/^cnap_pat_/),
      created_at: unixSeconds,
      last_used_at: null,
      expires_at: 4_102_444_800,
    });
    expect((await call('DELETE', `/v1/user/tokens/${String(made.json['id'])}`)).status).toBe(204);
    expect((await call('DELETE', `/v1/user/tokens/${String(made.json['id'])}`)).status).toBe(404);
    const [workspace] = listOf(await call('GET', '/v1/workspaces'));
    expect(workspace).toMatchObject({
      id: platform.sample.seller.workspace_id,
      name: expect.any(String),
      icon: null,
      created_at: unixSeconds,
    });
    expect((await call('GET', `/v1/workspaces/${String(workspace?.['id'])}`)).json).toEqual(workspace);
  });
});

describe('clusters', () => {
  test('regions', async () => {
    const made = await create('/v1/regions', { name: 'Frankfurt', icon: 'https://example.com/de.svg' });
    expect([made.status, made.json]).toMatchObject([
      201,
      {
        id: expect.stringMatching(/^reg_/),
        name: 'Frankfurt',
        icon: 'https://example.com/de.svg',
        workspace_id: platform.sample.seller.workspace_id,
        created_at: unixSeconds,
      },
    ]);
    expect(listOf(await call('GET', '/v1/regions'))).toHaveLength(2);
    expect((await call('POST', '/v1/regions', { name: '' })).status).toBe(422);
  });

  test('clusters', async () => {
    const [cluster] = listOf(await call('GET', '/v1/clusters'));
    const path = `/v1/clusters/${platform.sample.cluster_id}`;
    expect(cluster).toMatchObject({
      id: platform.sample.cluster_id,
      name: expect.any(String),
      workspace_id: platform.sample.seller.workspace_id,
      region_id: platform.sample.region_id,
      kaas: null,
      created_at: unixSeconds,
    });
    expect((await call('GET', path)).json).toMatchObject({ id: platform.sample.cluster_id, kaas: null });
    const changed = await call('PATCH', path, { name: 'staging', region_id: platform.sample.region_id });
    expect([changed.status, changed.json]).toMatchObject([200, { name: 'staging' }]);
    for (const accept of ['application/json', 'application/yaml']) {
      expect((await call('GET', `${path}/kubeconfig`, undefined, { accept })).status).toBe(404);
    }
  });
});

test('registry credentials', async () => {
  const credentials = { username: 'u', password: 'canary-password' };
  const body = { name: 'GitHub', registry_url: 'ghcr.io', type: 'basic', credentials };
  const made = await create('/v1/registry/credentials', body);
  expect(made.status).toBe(201);
  expect(made.text).not.toContain('canary-password');
  const [found] = listOf(await call('GET', '/v1/registry/credentials'));
  expect(found).toMatchObject({
    id: expect.any(String),
    name: 'GitHub',
    registry_url: 'ghcr.io',
    type: 'basic',
    is_active: true,
    created_at: unixSeconds,
    last_used_at: null,
  });
  expect((await call('DELETE', `/v1/registry/credentials/${String(found?.['id'])}`)).status).toBe(204);
});

describe('what is sold', () => {
  test('templates', async () => {
    const chart = await sampleChart();
    const sources = [{ chart, values: { replicaCount: 1 }, metadata: { auto_deploy: true } }];
    const made = await create('/v1/templates', { name: 'Own', sources, registry_proxy_mode: 'never' });
    expect([made.status, made.json]).toEqual([201, { template_id: expect.stringMatching(/^tpl_/) }]);
    const path = `/v1/templates/${String(made.json['template_id'])}`;
    const read = await call('GET', path);
    expect(read.json).toMatchObject({
      id: made.json['template_id'],
      name: 'Own',
      registry_proxy_mode: 'never',
      created_at: unixSeconds,
      helm_sources: [{ id: expect.stringMatching(/^src_/), chart, values: { replicaCount: 1 } }],
    });
    const changed = await call('PATCH', path, { name: 'Mine' });
    expect([changed.status, changed.json]).toEqual([200, made.json]);
    const emptied = await call('PATCH', path, { sources: [] });
    expect([emptied.status, emptied.json]).toMatchObject([422, { error: { param: 'sources' } }]);
    const waiting = [{ chart, wait_for: ['webhooks', 'custom_resources'] }];
    expect((await call('PATCH', path, { sources: waiting })).status).toBe(200);
    expect((await call('GET', path)).json).toMatchObject({
      name: 'Mine',
      helm_sources: [{ chart, wait_for: ['custom_resources', 'webhooks'] }],
    });
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
  });

  test('products', async () => {
    const body = {
      name: 'Notes',
      sources: [{ chart: await sampleChart() }],
      cluster_ids: [platform.sample.cluster_id],
      settings: { custom_description: 'Short', show_sources: true },
    };
    const made = await create('/v1/products', body);
    expect([made.status, made.json]).toEqual([
      201,
      { product_id: expect.stringMatching(/^prd_/), template_id: expect.stringMatching(/^tpl_/) },
    ]);
    const path = `/v1/products/${String(made.json['product_id'])}`;
    const read = await call('GET', path);
    expect(read.json).toMatchObject({
      id: made.json['product_id'],
      name: 'Notes',
      template_id: made.json['template_id'],
      settings: { custom_description: 'Short', show_sources: true },
      created_at: unixSeconds,
    });
    const changed = await call('PATCH', path, { ...body, name: 'Better' });
    expect([changed.status, changed.json]).toEqual([200, made.json]);
    const products = listOf(await call('GET', '/v1/products'));
    expect(products.find(({ id }) => id === made.json['product_id'])).toMatchObject({ name: 'Better' });
    expect((await call('DELETE', path)).status).toBe(204);
  });
});

describe('installs', () => {
  const running = (id: string) =>
    eventually(
      async () => {
        expect((await call('GET', `/v1/installs/${id}`)).json).toMatchObject({ state: 'RUNNING' });
      },
      { timeoutMs: 60_000 },
    );

  test('of a product, from beginning to end', async () => {
    const body = {
      product_id: platform.sample.products.one_time,
      region_id: platform.sample.region_id,
      inputs: { title: 'Hello' },
    };
    const made = await create('/v1/installs', body);
    expect([made.status, made.json]).toMatchObject([
      202,
      { id: expect.stringMatching(/^ins_/), cluster_id: '' },
    ]);
    const id = String(made.json['id']);
    await running(id);
    const [install] = listOf(await call('GET', '/v1/installs'));
    expect(install).toMatchObject({
      id,
      name: expect.any(String),
      workspace_id: platform.sample.seller.workspace_id,
      product_id: platform.sample.products.one_time,
      template_id: expect.stringMatching(/^tpl_/),
      cluster_id: platform.sample.cluster_id,
      created_at: unixSeconds,
    });
    for (const used of [
      `clusters/${platform.sample.cluster_id}`,
      `products/${platform.sample.products.one_time}`,
      `templates/${String(install?.['template_id'])}`,
    ]) {
      expect([used, (await call('DELETE', `/v1/${used}`)).status]).toEqual([used, 409]);
    }
    const pods = await call('GET', `/v1/installs/${id}/pods`);
    expect(pods.json).toEqual({
      data: [expect.objectContaining({ name: expect.any(String), containers: [expect.any(String)] })],
    });
    const logs = await call('GET', `/v1/installs/${id}/logs?follow=false`, undefined, {
      accept: 'text/event-stream',
    });
    expect([logs.status, logs.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const source = await firstSource(install?.['template_id']);
    const updates = [{ template_helm_source_id: source.id, values: { replicaCount: 1 } }];
    expect((await call('PATCH', `/v1/installs/${id}/overrides`, { updates })).status).toBe(202);
    await running(id);
    expect((await call('DELETE', `/v1/installs/${id}`)).status).toBe(202);
  });

  test('without a product', async () => {
    const body = {
      name: 'my-own',
      cluster_ids: [platform.sample.cluster_id],
      helm_sources: [{ chart: await sampleChart(), values: {} }],
    };
    const made = await create('/v1/installs/standalone', body);
    expect([made.status, made.text]).toEqual([202, expect.any(String)]);
    const mine = listOf(await call('GET', '/v1/installs')).find(({ name }) => name === 'my-own');
    const id = String(mine?.['id']);
    await running(id);
    const source = await firstSource(mine?.['template_id']);
    const updates = [{ template_helm_source_id: source.id, values: { replicaCount: 1 } }];
    const changed = await call('PATCH', `/v1/installs/${id}/values`, { updates });
    expect([changed.status, changed.text]).toEqual([202, expect.any(String)]);
    expect((await call('DELETE', `/v1/installs/${id}`)).status).toBe(202);
  });
});

test('each of them was called', async () => {
  listOf(await call('GET', '/v1/templates'));
  expect(called.size).toBe(34);
});
