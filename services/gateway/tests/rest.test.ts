import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:http2';
import { newId } from '@cnap/ids';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { startRestGateway } from './rest-services.ts';

const gateway = await startRestGateway();
afterAll(() => gateway[Symbol.asyncDispose]());
const { keys, people, regions } = gateway;
people.set('owner', keys.person('owner'));
people.set('viewer', keys.person('viewer'));
const { workspaceId: _workspace, role: _role, ...homeless } = keys.person('owner');
people.set('homeless', homeless);
beforeEach(() => regions.clear());

type Sent = { as?: string | null; body?: unknown; raw?: string; headers?: Record<string, string> };

async function call(method: string, path: string, sent: Sent = {}) {
  const { as = 'owner', body, raw, headers = {} } = sent;
  const response = await fetch(gateway.url + path, {
    method,
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${as}` }),
      ...(body === undefined && raw === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined && raw === undefined ? {} : { body: raw ?? JSON.stringify(body) }),
  });
  const text = await response.text();
  const type = response.headers.get('content-type');
  const json =
    type === 'application/json' && text !== '' ? (JSON.parse(text) as Record<string, unknown>) : {};
  return { status: response.status, headers: response.headers, text, json, error: json['error'] };
}

const aRegion = async (name = 'Frankfurt') => {
  const { json } = await call('POST', '/v1/regions', { body: { name } });
  return String(json['id']);
};

describe('resources', () => {
  test('are made, read, changed and deleted', async () => {
    const made = await call('POST', '/v1/regions', { body: { name: 'Frankfurt', icon: '' } });
    expect(made.status).toBe(201);
    expect(made.json).toEqual({
      id: expect.stringMatching(/^reg_/),
      workspace_id: keys.workspaceId,
      name: 'Frankfurt',
      icon: null,
      country: '',
      etag: '1',
      created_at: 1_742_169_600,
    });
    const path = `/v1/regions/${String(made.json['id'])}`;
    const read = await call('GET', path);
    expect(read.json).toEqual(made.json);
    expect(read.headers.get('etag')).toBe('"1"');
    for (const known of ['"1"', '"0", W/"1"']) {
      expect((await call('GET', path, { headers: { 'if-none-match': known } })).status).toBe(304);
    }
    expect((await call('PATCH', path, { body: { name: 'Berlin' } })).json).toMatchObject({
      name: 'Berlin',
      etag: '2',
    });
    const old = await call('PATCH', path, { body: { name: 'Bonn' }, headers: { 'if-match': '"1"' } });
    expect(old).toMatchObject({
      status: 409,
      error: { code: 'aborted', details: { reason: 'ETAG_MISMATCH' } },
    });
    expect((await call('PATCH', path, { body: {}, headers: { 'if-match': '"2"' } })).status).toBe(200);
    const gone = await call('DELETE', path);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect(await call('GET', path)).toMatchObject({
      status: 404,
      error: { code: 'not_found', details: { reason: 'REGION_NOT_FOUND', domain: 'clusters.cnap.tech' } },
    });
  });

  test('are made once with one Idempotency-Key', async () => {
    const headers = { 'idempotency-key': newId('req') };
    const first = await call('POST', '/v1/regions', { body: { name: 'Once' }, headers });
    const second = await call('POST', '/v1/regions', { body: { name: 'Once' }, headers });
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect(regions.size).toBe(1);
  });

  test('are listed in pages', async () => {
    for (const name of ['a', 'b', 'c']) await aRegion(name);
    const first = await call('GET', '/v1/regions?limit=2');
    expect(first.json).toMatchObject({
      data: [{ name: 'a' }, { name: 'b' }],
      pagination: { cursor: '2', has_more: true },
    });
    const rest = await call('GET', '/v1/regions?limit=2&cursor=2');
    expect(rest.json).toMatchObject({ data: [{ name: 'c' }], pagination: { cursor: null, has_more: false } });
  });

  test('what is large is compressed for who takes that', async () => {
    for (let count = 0; count < 10; count += 1) await aRegion(`Region ${count}`);
    const sizes: Record<string, unknown> = {};
    for (const encoding of ['gzip, br', 'gzip', 'br;q=0.5, gzip', 'gzip;q=0', 'identity']) {
      const headers = { authorization: 'Bearer owner', 'accept-encoding': encoding };
      const sent = httpRequest(`${gateway.url}/v1/regions`, { headers }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      sizes[encoding] = answer.headers['content-encoding'] ?? 'none';
      expect(answer.headers['vary']).toContain('accept-encoding');
    }
    expect(sizes).toEqual({
      'gzip, br': 'br',
      gzip: 'gzip',
      'br;q=0.5, gzip': 'gzip',
      'gzip;q=0': 'none',
      identity: 'none',
    });
    expect((await call('GET', '/v1/regions')).json['data']).toHaveLength(10);
  });

  test('HTTP/2 serves as well, with a body and without', async () => {
    const session = connect(gateway.url);
    try {
      for (const [raw, status] of [
        ['{"name": "Frankfurt"}', 201],
        ['', 422],
      ] as const) {
        const headers = { authorization: 'Bearer owner', 'content-type': 'application/json' };
        const stream = session.request({ ':method': 'POST', ':path': '/v1/regions', ...headers });
        stream.end(raw);
        const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
        expect(answer[':status']).toBe(status);
        stream.close();
      }
      const empty = session.request(
        { ':method': 'POST', ':path': '/v1/regions', authorization: 'Bearer owner' },
        { endStream: true },
      );
      const [answer] = (await once(empty, 'response')) as [Record<string, unknown>];
      expect(answer[':status']).toBe(422);
    } finally {
      session.destroy();
    }
  });

  test('HEAD is GET without the body', async () => {
    const path = `/v1/regions/${await aRegion()}`;
    const head = await call('HEAD', path);
    const got = await call('GET', path);
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(got.text)));
  });

  test('every answer has an id and security headers', async () => {
    for (const path of ['/v1/regions', '/v1/nothing', '/v1/regions/reg_x']) {
      const { headers } = await call('GET', path, { headers: { 'x-request-id': 'req_mine' } });
      expect(headers.get('x-request-id')).toBe('req_mine');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toMatch(/^(no-store|private, no-cache)$/);
    }
  });

  test('a change names the members that are there', async () => {
    const id = newId('prd');
    const body = { settings: { show_sources: true }, links: [] };
    const { status, json } = await call('PATCH', `/v1/products/${id}`, { body });
    expect(status).toBe(200);
    expect(json).toEqual({ product_id: id, template_id: expect.stringMatching(/^tpl_/) });
    expect(gateway.productChange.last).toEqual({
      id,
      change: { showSources: true },
      updateMask: 'showSources,links',
    });
  });

  test('a deletion that goes on is 202, with the resource', async () => {
    const id = newId('ins');
    const { status, json } = await call('DELETE', `/v1/installs/${id}`);
    expect([status, json]).toEqual([202, expect.objectContaining({ id, state: 'DELETING', cluster_id: '' })]);
  });

  test('a list without pages is all of them', async () => {
    const { json } = await call('GET', `/v1/installs/${newId('ins')}/pods`);
    expect(json).toEqual({
      data: [
        expect.objectContaining({ name: 'a', containers: ['x'] }),
        expect.objectContaining({ name: 'b', containers: ['x', 'y'] }),
      ],
    });
  });

  test('another media type is asked for by Accept', async () => {
    const path = `/v1/clusters/${newId('clu').slice(0, -1)}1/kubeconfig`;
    expect((await call('GET', path)).json).toEqual({ apiVersion: 'v1', kind: 'Config' });
    const yaml = await call('GET', path, { headers: { accept: 'application/yaml' } });
    expect([yaml.headers.get('content-type'), yaml.text]).toEqual([
      'application/yaml',
      'apiVersion: v1\nkind: Config\n',
    ]);
    const early = await call('GET', `${path.replace('1/kubeconfig', '0/kubeconfig')}`);
    expect(early).toMatchObject({ status: 400, error: { code: 'failed_precondition' } });
  });
});

describe('callers', () => {
  test('without a credential are asked to sign in, whatever they send', async () => {
    for (const sent of [{ body: { name: 'a' } }, { raw: '{' }, {}]) {
      const { status, error, headers } = await call('POST', '/v1/regions', { as: null, ...sent });
      expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="CNAP"']);
      expect(error).toMatchObject({ code: 'unauthenticated', details: { reason: 'SIGN_IN_REQUIRED' } });
    }
    expect(await call('GET', '/v1/regions', { as: 'forged' })).toMatchObject({
      status: 401,
      error: { details: { reason: 'CREDENTIAL_INVALID' } },
    });
  });

  test('who may not do it are told so, before what is wrong with their request', async () => {
    for (const body of [{ name: 'a' }, { name: 5 }, { colour: 'red' }]) {
      const { status, error } = await call('POST', '/v1/regions', { as: 'viewer', body });
      expect([status, error]).toEqual([
        403,
        expect.objectContaining({ code: 'permission_denied', suggestion: expect.any(String) }),
      ]);
    }
  });

  test.each([
    ['a workspace of others', { as: 'owner', headers: { 'x-workspace-id': newId('ws') } }],
    ['no word at all', { as: 'owner', headers: { 'x-workspace-id': 'a b' } }],
    ['none, of several', { as: 'homeless' }],
  ])('in %s are forbidden', async (_, sent) => {
    const { status, error } = await call('GET', '/v1/regions', sent);
    expect([status, error]).toEqual([
      403,
      expect.objectContaining({
        code: 'permission_denied',
        suggestion: expect.stringContaining('X-Workspace-Id'),
      }),
    ]);
  });

  test('need no header where the path names the workspace', async () => {
    const headers = { 'x-workspace-id': newId('ws') };
    const mine = await call('GET', `/v1/workspaces/${keys.workspaceId}/members`, { headers });
    expect(mine.json).toMatchObject({ data: [{ name: keys.workspaceId }] });
    const others = await call('GET', `/v1/workspaces/${newId('ws')}/members`);
    expect(others).toMatchObject({ status: 404, error: { details: { reason: 'WORKSPACE_NOT_FOUND' } } });
  });
});

describe('what is wrong is told', () => {
  const post = (raw: string, headers = {}) => call('POST', '/v1/regions', { raw, headers });

  test.each([
    [400, '{"name": }', undefined],
    [400, '{"name": "a", "name": "b"}', 'name'],
    [400, '['.repeat(1_000) + ']'.repeat(1_000), undefined],
    [422, '{"name": "a", "colour": "red"}', 'colour'],
    [422, '{"name": 5}', 'name'],
    [422, '[]', undefined],
    [422, '{"name": ""}', 'name'],
    [422, '{}', 'name'],
    [422, `{"name": "a", "country": "Germany"}`, 'country'],
  ])('%i: %.40s', async (status, raw, param) => {
    const answer = await post(raw);
    expect(answer).toMatchObject({
      status,
      error: { code: 'invalid_argument', message: expect.any(String) },
    });
    expect((answer.error as { param?: string }).param).toBe(param);
  });

  test('a limit that services would coerce', async () => {
    expect(await call('GET', '/v1/regions?limit=1000')).toMatchObject({
      status: 422,
      error: { param: 'limit' },
    });
  });

  test('what is not even an id is not found', async () => {
    for (const id of ['reg_1', 'x', '%00', 'a%2Fb']) {
      expect(await call('GET', `/v1/regions/${id}`)).toMatchObject({
        status: 404,
        error: { code: 'not_found' },
      });
    }
  });

  test('paths and methods', async () => {
    expect(await call('GET', '/v1/nothing')).toMatchObject({ status: 404, error: { code: 'not_found' } });
    const other = await call('PUT', '/v1/regions');
    expect([other.status, other.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, OPTIONS']);
    const options = await call('OPTIONS', '/v1/regions');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
  });

  test('media types', async () => {
    expect((await post('name=a', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
    const unknown = await post('{"name": "a"}', { 'content-encoding': 'deflate' });
    expect([unknown.status, unknown.headers.get('accept-encoding')]).toEqual([415, 'gzip, br']);
    expect((await call('GET', '/v1/regions', { headers: { accept: 'text/html' } })).status).toBe(406);
  });

  test('a body that is too large', async () => {
    expect(await post(`{"name": "${'x'.repeat(5_000_000)}"}`)).toMatchObject({
      status: 413,
      error: { code: 'payload_too_large' },
    });
  });

  test('a body that says it is too large is not waited for', async () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const headers = { authorization: 'Bearer owner', 'content-length': '5000000000' };
    const sent = httpRequest(`${gateway.url}/v1/regions`, { method: 'POST', headers });
    sent.on('response', ({ statusCode }) => resolve(statusCode)).on('error', reject);
    sent.flushHeaders();
    expect(await promise).toBe(413);
    sent.on('error', () => undefined).destroy();
  });

  test('too much at once', async () => {
    const { status, headers, error } = await call('POST', '/v1/regions', { body: { name: 'Full' } });
    expect([status, headers.get('retry-after')]).toEqual([429, '1']);
    expect(error).toMatchObject({ code: 'resource_exhausted', suggestion: 'Wait.' });
  });

  test('what is not made yet, and a service that is away', async () => {
    expect(await call('GET', `/v1/installs/${newId('ins')}`)).toMatchObject({
      status: 501,
      error: { code: 'unimplemented' },
    });
    const { status, headers, error } = await call('GET', '/v1/prices');
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(error).toMatchObject({ code: 'unavailable', details: { metadata: { service: 'billing' } } });
  });
});
