// What belongs to a workspace does not exist for others: every public RPC that takes an id is called by a stranger
// with the ids of the seller and the buyer. A new RPC is tested by being there.
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import {
  create,
  getOption,
  toJsonString,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageShape,
} from '@bufbuild/protobuf';
import { FieldMaskSchema } from '@bufbuild/protobuf/wkt';
import { rpcServices } from '@cnap/proto';
import { Access, access } from '@cnap/proto/cnap/options/v1/options';
import { UpdateProductRequestSchema } from '@cnap/proto/cnap/catalog/v1/product_service';
import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { isInternal } from '@cnap/rpc';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callAny } from './any-call.ts';
import { startPlatform, type Platform } from './platform.ts';
import { idFieldsOf, requestOf } from '../src/fuzz/requests.ts';
import { buyOnce } from './sales.ts';

let platform: Platform;
/** By prefix, something of the seller's or the buyer's; never the stranger's. */
const theirs: Record<string, string[]> = {};

beforeAll(async () => {
  platform = await startPlatform();
  const seller = platform.as('seller');
  const { orderId, installId } = await buyOnce(platform, platform.sample.products.one_time);
  const template = (await seller.templates.listTemplates({})).templates[0];
  const { registryCredential } = await seller.registryCredentials.createRegistryCredential(aRegistry);
  const { invitation } = await seller.invitations.createInvitation({
    email: 'invited@example.com',
    role: Role.VIEWER,
  });
  const ids: Record<string, (string | undefined)[]> = {
    ws: [platform.sample.seller.workspace_id, platform.sample.buyer.workspace_id],
    usr: [(await seller.users.getCurrentUser({})).user?.id],
    tok: [(await seller.tokens.listTokens({})).tokens[0]?.id],
    reg: [platform.sample.region_id],
    clu: [platform.sample.cluster_id],
    tpl: [template?.id],
    pkg: [template?.latestPackageId],
    prd: [platform.sample.products.one_time],
    ord: [orderId],
    ins: [installId],
    rel: [(await seller.releases.listReleases({ installId })).releases[0]?.id],
    key: [registryCredential?.id],
    inv: [invitation?.id],
  };
  for (const [prefix, found] of Object.entries(ids)) theirs[prefix] = found.map((id) => id ?? 'missing');
});
afterAll(() => platform[Symbol.asyncDispose]());

const aRegistry = {
  name: 'Private',
  registryUrl: 'https://registry.example.com',
  type: RegistryCredentialType.BASIC,
  username: 'u',
  secret: 'canary-password',
};

/** Strangers are buyers too: what a public product shows is for everybody. */
const forEverybody = new Set(['CheckoutService/PreviewCheckout', 'CheckoutService/CreateCheckout']);

/** Requests that say more than their limits ask for. */
const refine: Record<string, (request: MessageShape<DescMessage>) => MessageShape<DescMessage>> = {
  'ProductService/UpdateProduct': (request) =>
    create(UpdateProductRequestSchema, {
      ...request,
      updateMask: create(FieldMaskSchema, { paths: ['name'] }),
    } as never),
};

/** The ids by which an RPC reaches for things. A source is named within its template only. */
const reachesOf = (method: DescMethod) => idFieldsOf(method.input).filter(({ prefix }) => prefix !== 'src');

type Case = { name: string; service: DescService; method: DescMethod; isFilter: boolean };

const cases: Case[] = Object.values(rpcServices)
  .flat()
  .flatMap((service) =>
    service.methods.map((method) => ({
      name: `${service.typeName.split('.').at(-1)}/${method.name}`,
      service,
      method,
      isFilter: reachesOf(method).every(({ isRequired }) => !isRequired),
    })),
  )
  .filter(({ method }) => !isInternal(method) && reachesOf(method).length > 0)
  .filter(({ method }) => getOption(method, access) !== Access.PUBLIC)
  .filter(({ name }) => !forEverybody.has(name));

const transportOf = (token: string, workspaceId: string): Transport =>
  createConnectTransport({
    baseUrl: platform.url,
    httpVersion: '2',
    interceptors: [
      (next) => (request) => {
        request.header.set('authorization', `Bearer ${token}`);
        request.header.set('x-workspace-id', workspaceId);
        return next(request);
      },
    ],
  });

const call = (transport: Transport, { service, method, name }: Case, idOf: (prefix: string) => string) => {
  const request = requestOf(method.input, idOf);
  const options = { timeoutMs: 60_000 };
  return callAny(transport, service, method, refine[name]?.(request) ?? request, options);
};

async function failureOf(answer: Promise<unknown>): Promise<ConnectError | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  }
}

test('the list of RPCs was found', () => {
  expect(cases.length).toBeGreaterThan(30);
  expect(cases.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'OrderService/GetOrder',
      'InstallService/WatchInstall',
      'ClusterService/UpdateCluster',
    ]),
  );
});

const everyId = () => new Set(Object.values(theirs).flat());

describe.each(cases)('$name', (rpc) => {
  test.each(['own', 'theirs'] as const)('of a stranger who names %s workspace', async (which) => {
    const { token, workspace_id: own } = platform.sample.stranger;
    for (const theirWorkspace of theirs['ws'] ?? []) {
      const transport = transportOf(token, which === 'own' ? own : theirWorkspace);
      const idOf = (prefix: string) => {
        if (prefix === 'src') return '';
        const id = prefix === 'ws' ? theirWorkspace : theirs[prefix]?.[0];
        if (id === undefined) throw new Error(`this test needs something with the prefix ${prefix}`);
        return id;
      };
      const answer = call(transport, rpc, idOf);
      const failure = await failureOf(answer);
      if (failure === undefined) {
        // Narrowing one's own list by somebody else's thing finds nothing.
        expect(rpc.isFilter && rpc.method.name.startsWith('List'), 'an answer').toBe(true);
        const message = ((await answer) ?? create(rpc.method.output)) as MessageShape<DescMessage>;
        const text = toJsonString(rpc.method.output, message);
        for (const id of everyId()) expect(text).not.toContain(id);
        continue;
      }
      expect(Code[failure.code], failure.rawMessage).toBe('NotFound');
    }
  });
});

test('nothing was changed by all that', async () => {
  const seller = platform.as('seller');
  const { order } = await seller.orders.getOrder({ id: theirs['ord']?.[0] ?? '' });
  expect(order).toMatchObject({ amountRefunded: 0n });
  expect((await seller.products.getProduct({ id: theirs['prd']?.[0] ?? '' })).product?.name).toBe(
    'Sample page',
  );
  expect((await seller.clusters.getCluster({ id: theirs['clu']?.[0] ?? '' })).cluster?.name).toBe(
    'Cluster 1',
  );
  expect((await seller.tokens.listTokens({})).tokens).toHaveLength(1);
});

test('lists of a stranger are empty', async () => {
  const stranger = platform.as('stranger');
  const lists = await Promise.all([
    stranger.orders.listOrders({}).then(({ orders }) => orders),
    stranger.installs.listInstalls({ showDeleted: true }).then(({ installs }) => installs),
    stranger.clusters.listClusters({}).then(({ clusters }) => clusters),
    stranger.regions.listRegions({}).then(({ regions }) => regions),
    stranger.templates.listTemplates({}).then(({ templates }) => templates),
    stranger.products.listProducts({}).then(({ products }) => products),
    stranger.registryCredentials.listRegistryCredentials({}).then((page) => page.registryCredentials),
  ]);
  expect(lists).toEqual(lists.map(() => []));
});
