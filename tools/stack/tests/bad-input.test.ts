// Bad input through the public port: a clear error that names the field or the source, never INTERNAL, and nothing
// half-made left behind.
import { Code, ConnectError } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { type DescMethod, type DescService } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { rpcServices } from '@cnap/proto';
import { PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { isInternal } from '@cnap/rpc';
import { eventually, expectError, type FileServer } from '@cnap/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { startBadCharts } from './charts.ts';
import { callAny } from './any-call.ts';
import { startPlatform, type Platform } from './platform.ts';
import { idFieldsOf, requestOf } from '../src/fuzz/requests.ts';

let platform: Platform;
let badCharts: FileServer;
let index: Uint8Array | string;
beforeAll(async () => {
  platform = await startPlatform();
  badCharts = await startBadCharts();
  index = badCharts.files.get('/index.yaml') as string;
});
afterEach(() => void badCharts.files.set('/index.yaml', index));
afterAll(async () => {
  await badCharts[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

type Case = { name: string; service: DescService; method: DescMethod };
const cases: Case[] = Object.values(rpcServices)
  .flat()
  .flatMap((service) =>
    service.methods.map((method) => ({
      name: `${service.typeName.split('.').at(-1)}/${method.name}`,
      service,
      method,
    })),
  )
  .filter(({ method }) => !isInternal(method));

/** Calls any RPC as the seller; of a stream, the first message. */
async function call({ service, method }: Case, request: object): Promise<unknown> {
  const { token, workspace_id: workspaceId } = platform.sample.seller;
  const transport = createConnectTransport({ baseUrl: platform.url, httpVersion: '2' });
  const headers = { authorization: `Bearer ${token}`, 'x-workspace-id': workspaceId };
  return callAny(transport, service, method, request, { headers, timeoutMs: 60_000 });
}

/** A call as anybody can make it: JSON, as it is. */
async function post(path: string, body: string): Promise<{ status: number; code: string; message: string }> {
  const { token, workspace_id: workspaceId } = platform.sample.seller;
  const response = await fetch(`${platform.url}/${path}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      'x-workspace-id': workspaceId,
    },
  });
  const answer = (await response.json()) as { code?: string; message?: string };
  return { status: response.status, code: answer.code ?? '', message: answer.message ?? '' };
}

describe('wrong ids', () => {
  const taking = cases.filter(({ method }) => idFieldsOf(method.input).length > 0);
  test.each(taking)('$name', async (rpc) => {
    for (const wrong of ['nonsense', 'xyz_01h455vb4pex5vsknk084sn02q', '../../etc/passwd', '\u{1f600}']) {
      const { fields } = await expectError(
        call(
          rpc,
          requestOf(rpc.method.input, () => wrong),
        ),
        Code.InvalidArgument,
      );
      const paths = idFieldsOf(rpc.method.input).map(({ path }) => path);
      const named = fields.map(({ field }) => field.replaceAll(/\[\d+\]/g, ''));
      expect(
        paths.some((path) => named.includes(path)),
        `${named.join(', ')} names a wrong id`,
      ).toBe(true);
    }
  });
});

describe('unknown enum values', () => {
  const taking = cases.flatMap((rpc) =>
    rpc.method.input.fields
      .filter(({ fieldKind }) => fieldKind === 'enum')
      .map((field) => ({ ...rpc, field })),
  );
  test.each(taking)('$name $field.name', async (rpc) => {
    const message = requestOf(rpc.method.input, (prefix) => `${prefix}_01h455vb4pex5vsknk084sn02q`);
    const written = reflect(rpc.method.input, message);
    written.set(rpc.field, 9_999);
    const { fields } = await expectError(call(rpc, message), Code.InvalidArgument);
    expect(fields.map(({ field }) => field)).toContain(rpc.field.name);
  });
});

test('an unknown enum value by its name', async () => {
  const answer = await post('cnap.billing.v1.OrderService/ListOrders', '{"filter": "ORDER_FILTER_NONSENSE"}');
  expect(answer).toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining('ORDER_FILTER_NONSENSE'),
  });
});

describe('bodies', () => {
  test('one that is too large is refused, and the platform goes on', async () => {
    const answer = await post(
      'cnap.catalog.v1.TemplateService/CreateTemplate',
      JSON.stringify({ name: 'x'.repeat(20 * 1024 * 1024) }),
    ).catch((error: unknown) => error); // the connection may be closed while it is still being sent
    if (!(answer instanceof Error)) expect(answer).toMatchObject({ code: 'resource_exhausted' });
    expect(await post('cnap.identity.v1.UserService/GetCurrentUser', '{}')).toMatchObject({ status: 200 });
  });

  test.each(['{', 'null', '[]', '"text"', '{"nonsense": 1}', '{"pageSize": "many"}', '\\x'])(
    '%s is not a request',
    async (body) => {
      const answer = await post('cnap.billing.v1.OrderService/ListOrders', body);
      expect(answer).toMatchObject({ code: 'invalid_argument', message: expect.stringMatching(/\w/) });
    },
  );

  test.each(['"text"', '[1]', '7', 'true'])('values that are %s and not an object', async (values) => {
    const source = `{"helmChart":{"repoUrl":"${badCharts.url}","chart":"picky"},"values":${values}}`;
    const answer = await post(
      'cnap.catalog.v1.TemplateService/CreateTemplate',
      `{"name":"Odd","sources":[${source}]}`,
    );
    expect(answer).toMatchObject({ status: 400, code: 'invalid_argument' });
    expect(answer.message).toMatch(/values|Struct|object/i);
    expect(await templateNames()).not.toContain('Odd');
  });

  test('fixed values of a product that are not objects by source', async () => {
    const seller = platform.as('seller');
    const { templates } = await seller.templates.listTemplates({});
    const { fields } = await expectError(
      seller.products.createProduct({
        name: 'Odd',
        templateId: templates[0]?.id ?? '',
        clusterIds: [platform.sample.cluster_id],
        values: { sample: 'text' },
      }),
      Code.InvalidArgument,
    );
    expect(fields.map(({ field }) => field)).toEqual([expect.stringContaining('values')]);
  });

  test('inputs of a checkout that do not fit are named', async () => {
    const before = await ordersOfBuyer();
    for (const inputs of [
      {},
      { title: 5 },
      { title: 'x'.repeat(81) },
      { title: 'ok', other: 1 },
      { title: '{{ .Values }}' },
    ]) {
      const { fields, message } = await expectError(
        platform.as('buyer').checkouts.createCheckout({
          productId: platform.sample.products.one_time,
          regionId: platform.sample.region_id,
          inputs,
        }),
        Code.FailedPrecondition,
        'CHECKOUT_REFUSED',
      ).catch(() =>
        expectError(
          platform.as('buyer').checkouts.createCheckout({
            productId: platform.sample.products.one_time,
            regionId: platform.sample.region_id,
            inputs,
          }),
          Code.InvalidArgument,
        ),
      );
      expect(`${fields.map(({ field }) => field).join(' ')} ${message}`).toMatch(/title|other/);
    }
    expect(await ordersOfBuyer()).toEqual(before);
  });
});

const ordersOfBuyer = async () =>
  (await platform.as('buyer').orders.listOrders({})).orders.map(({ id }) => id);
const templateNames = async () =>
  (await platform.as('seller').templates.listTemplates({})).templates.map(({ name }) => name);

type KubeconfigText = {
  clusters: { cluster: Record<string, unknown> }[];
  users: { user: Record<string, unknown> }[];
  contexts: unknown[];
  'current-context'?: string;
};

describe('kubeconfigs', () => {
  const changed = (change: (config: KubeconfigText) => void): string => {
    const config = parse(platform.kubesim.kubeconfig) as KubeconfigText;
    change(config);
    return stringify(config);
  };
  const userOf = (config: KubeconfigText) => config.users[0]?.user ?? {};
  const clusterOf = (config: KubeconfigText) => config.clusters[0]?.cluster ?? {};
  const bad: [string, () => string, RegExp][] = [
    ['not YAML', () => 'clusters: [\n  {', /YAML/i],
    ['a list', () => '- one\n- two\n', /kubeconfig|mapping|object/i],
    ['text', () => 'hello', /kubeconfig|mapping|object/i],
    ['without a context', () => changed((config) => (config.contexts = [])), /context/i],
    [
      'with exec',
      () => changed((config) => (userOf(config)['exec'] = { command: 'touch', args: ['/tmp/x'] })),
      /exec/,
    ],
    [
      'with auth-provider',
      () => changed((config) => (userOf(config)['auth-provider'] = { name: 'gcp' })),
      /auth-provider/,
    ],
    [
      'with a file as token',
      () => changed((config) => (userOf(config)['tokenFile'] = '/etc/passwd')),
      /tokenFile/,
    ],
    [
      'with a file as certificate',
      () => changed((config) => (userOf(config)['client-certificate'] = '/etc/passwd')),
      /client-certificate/,
    ],
    [
      'with a file as authority',
      () => changed((config) => (clusterOf(config)['certificate-authority'] = '/etc/passwd')),
      /certificate-authority/,
    ],
    [
      'with insecure-skip-tls-verify',
      () => changed((config) => (clusterOf(config)['insecure-skip-tls-verify'] = true)),
      /insecure-skip-tls-verify/,
    ],
    [
      'of a server that is not there',
      () => changed((config) => (clusterOf(config)['server'] = 'http://127.0.0.1:9')),
      /127\.0\.0\.1:9|reach/,
    ],
    [
      'with a wrong token',
      () => changed((config) => (userOf(config)['token'] = 'nonsense')),
      /401|token|credential|unauthor/i,
    ],
    ['an alias bomb', () => aliasBomb, /alias|YAML|kubeconfig/i],
  ];
  test.each(bad)('%s', async (_, text, why) => {
    const seller = platform.as('seller');
    const request = { name: 'Bad', regionId: platform.sample.region_id, kubeconfig: text() };
    const failure = await failureOf(seller.clusters.importCluster(request));
    expect([Code.InvalidArgument, Code.FailedPrecondition]).toContain(failure.code);
    expect(failure.rawMessage).toMatch(why);
    expect(failure.rawMessage).not.toContain(platform.kubesim.token);
    const { clusters } = await seller.clusters.listClusters({});
    expect(clusters).toHaveLength(1);
  });
});

const aliasBomb = Array.from({ length: 9 }, (_, depth) =>
  depth === 0
    ? 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]'
    : `a${depth}: &a${depth} [${Array.from({ length: 10 }, () => `*a${depth - 1}`).join(', ')}]`,
).join('\n');

async function failureOf(answer: Promise<unknown>): Promise<ConnectError> {
  try {
    await answer;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error('it was taken');
}

describe('sources that cannot be packaged', () => {
  const answerWith = (status: number, type: string, body: string) => () => {
    badCharts.files.set(
      '/index.yaml',
      (_request, response) => void response.writeHead(status, { 'content-type': type }).end(body),
    );
  };
  const untouched = () => undefined;
  const bad: [string, string, () => void, RegExp][] = [
    ['a chart that does not render', 'broken', untouched, /broken.*(objects\.yaml|deep)/s],
    ['a chart whose objects are not YAML', 'garbled', untouched, /garbled.*(YAML|mapping|indent)/is],
    ['a chart that is not in the repository', 'nowhere', untouched, /nowhere/],
    ['a repository that answers 404', 'picky', answerWith(404, 'text/plain', 'no'), /404/],
    [
      'a repository that answers HTML',
      'picky',
      answerWith(200, 'text/html', '<!doctype html><p>Hi'),
      /index|YAML|HTML/i,
    ],
    ['a repository that answers nothing', 'picky', answerWith(200, 'text/plain', ''), /index|empty/i],
    ['a repository whose index is a list', 'picky', answerWith(200, 'text/yaml', '- a'), /index/i],
    ['a repository whose index is a bomb', 'picky', answerWith(200, 'text/yaml', aliasBomb), /aliases/i],
  ];
  test.each(bad)('%s', async (name, chart, prepare, why) => {
    prepare();
    const seller = platform.as('seller');
    const { template, packageId } = await seller.templates.createTemplate({
      name,
      sources: [{ kind: { case: 'helmChart', value: { repoUrl: badCharts.url, chart, version: '' } } }],
    });
    const failed = await eventually(async () => {
      const { package: built } = await seller.packages.getPackage({ id: packageId });
      if (built?.state === PackageState.FAILED) return built;
      throw new Error(`${built?.state} ${built?.stateMessage}`);
    });
    expect(failed.stateMessage).toMatch(why);
    expect(failed.stateMessage, 'names the source').toContain(chart);
    expect(failed).toMatchObject({ digest: '', sizeBytes: 0n });
    const { product } = await seller.products
      .createProduct({
        name: 'Half-made',
        templateId: template?.id ?? '',
        clusterIds: [platform.sample.cluster_id],
      })
      .catch((error: unknown) => {
        expect([Code.FailedPrecondition, Code.InvalidArgument]).toContain(ConnectError.from(error).code);
        return { product: undefined };
      });
    if (product) await seller.products.deleteProduct({ id: product.id });
    await seller.templates.deleteTemplate({ id: template?.id ?? '' });
    await expectError(
      seller.templates.getTemplate({ id: template?.id ?? '' }),
      Code.NotFound,
      'TEMPLATE_NOT_FOUND',
    );
  });

  test('a repository that is not there is waited for, and the build says so', async () => {
    const seller = platform.as('seller');
    const { template, packageId } = await seller.templates.createTemplate({
      name: 'Away',
      sources: [
        {
          kind: { case: 'helmChart', value: { repoUrl: 'http://127.0.0.1:9', chart: 'sample', version: '' } },
        },
      ],
    });
    await eventually(async () => {
      const { package: built } = await seller.packages.getPackage({ id: packageId });
      expect(built?.stateMessage).toMatch(/127\.0\.0\.1:9/);
      expect(built?.stateMessage).toContain('sample');
    });
    await seller.templates.deleteTemplate({ id: template?.id ?? '' });
  });
});
