import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getOption } from '@bufbuild/protobuf';
import { DomainError } from '@cnap/errors';
import { rpcServices } from '@cnap/proto';
import { Exposure, exposure } from '@cnap/proto/cnap/options/v1/options';
import { ClusterService } from '@cnap/proto/cnap/clusters/v1/cluster_service';
import { RegionService } from '@cnap/proto/cnap/clusters/v1/region_service';
import { startRpcServer, type RpcServerOptions, type ServiceImpl } from '@cnap/rpc';
import { describe, expect, test, vi } from 'vitest';
import {
  Code,
  createCnapClient,
  detailsOf,
  inWorkspace,
  pages,
  publicServices,
  reasonOf,
  type CnapClientOptions,
} from '../src/index.ts';
import { http2Transport } from '../src/node.ts';

vi.stubEnv('LOG_LEVEL', 'silent');

type Handlers = Partial<ServiceImpl<typeof RegionService> & ServiceImpl<typeof ClusterService>>;

/** A server on which everybody with a token is an owner. */
const startPlatform = (handlers: Handlers, options: Partial<RpcServerOptions> = {}) =>
  startRpcServer({
    service: 'clusters',
    port: 0,
    services: [RegionService, ClusterService],
    routes: (router) => void router.service(RegionService, handlers).service(ClusterService, handlers),
    verifyCaller: (token) =>
      Promise.resolve({
        kind: 'user',
        userId: token,
        email: '',
        name: '',
        workspaceId: 'ws_1',
        role: 'owner',
        readOnly: false,
        operator: false,
        credentialId: '',
      }),
    ...options,
  });

const transports: [string, CnapClientOptions['transport']][] = [
  ['Connect', 'connect'],
  ['gRPC-Web', 'grpc-web'],
  ['Connect over HTTP/2', http2Transport()],
  ['gRPC', http2Transport('grpc')],
];

describe.each(transports)('%s', (_, transport) => {
  const clientOf = (baseUrl: string, options: Partial<CnapClientOptions> = {}) =>
    createCnapClient({
      baseUrl,
      token: 'usr_1',
      ...(transport === undefined ? {} : { transport }),
      ...options,
    });

  test('token and workspace go with every call, and a call can name another workspace', async () => {
    await using platform = await startPlatform({
      getRegion: async (_request, { requestHeader }) => ({
        region: { name: `${requestHeader.get('authorization')} ${requestHeader.get('x-workspace-id')}` },
      }),
    });
    let asked = 0;
    const client = clientOf(platform.url, {
      token: async () => `usr_${++asked}`,
      workspaceId: 'ws_mine',
    });
    const id = `reg_${'0'.repeat(26)}`;
    expect((await client.regions.getRegion({ id })).region?.name).toBe('Bearer usr_1 ws_mine');
    expect((await client.regions.getRegion({ id }, inWorkspace('ws_other'))).region?.name).toBe(
      'Bearer usr_2 ws_other',
    );
  });

  test('every item of a list, page by page', async () => {
    const asked: string[] = [];
    await using platform = await startPlatform({
      async listRegions({ pageToken, pageSize }) {
        asked.push(`${pageToken}/${pageSize}`);
        const page = Number(pageToken || '0');
        return {
          regions: [{ name: `${page}a` }, { name: `${page}b` }],
          nextPageToken: page < 2 ? `${page + 1}` : '',
        };
      },
    });
    const { regions } = clientOf(platform.url);
    const names: string[] = [];
    for await (const region of pages(regions.listRegions, { pageSize: 2 })) names.push(region.name);
    expect(names).toEqual(['0a', '0b', '1a', '1b', '2a', '2b']);
    expect(asked).toEqual(['/2', '1/2', '2/2']);
  });

  test('an error says its reason, fields and what to do', async () => {
    await using platform = await startPlatform({
      deleteRegion() {
        throw new DomainError('failed-precondition', 'REGION_IN_USE', 'It has clusters.', {
          metadata: { clusters: '1' },
          suggestion: 'Move them first.',
        });
      },
    });
    const error: unknown = await clientOf(platform.url)
      .regions.deleteRegion({ id: `reg_${'0'.repeat(26)}` })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: Code.FailedPrecondition });
    expect(reasonOf(error)).toBe('REGION_IN_USE');
    expect(detailsOf(error)).toMatchObject({
      domain: 'clusters.cnap.tech',
      metadata: { clusters: '1' },
      suggestion: 'Move them first.',
    });
    expect(reasonOf(new Error('other'))).toBeUndefined();
  });

  test('reads and writes with a request id are repeated, other writes never', async () => {
    let times = 0;
    const unavailableTwice = () => {
      times += 1;
      if (times < 3) throw new DomainError('unavailable', 'BUSY', 'busy');
    };
    await using platform = await startPlatform({
      getRegion: async () => (unavailableTwice(), { region: {} }),
      createRegion: async () => (unavailableTwice(), { region: {} }),
    });
    const { regions } = clientOf(platform.url);
    await regions.getRegion({ id: `reg_${'0'.repeat(26)}` });
    expect(times).toBe(3);
    times = 0;
    await regions.createRegion({ name: 'a', requestId: 'r1' });
    expect(times).toBe(3);
    times = 0;
    await expect(regions.createRegion({ name: 'a' })).rejects.toMatchObject({ code: Code.Unavailable });
    expect(times).toBe(1);
    times = -10;
    await expect(
      clientOf(platform.url, { retries: 1 }).regions.getRegion({ id: `reg_${'0'.repeat(26)}` }),
    ).rejects.toMatchObject({ code: Code.Unavailable });
    expect(times).toBe(-8);
  });

  test('a stream ends at the server when its reader leaves the loop', async () => {
    const ended = Promise.withResolvers<boolean>();
    await using platform = await startPlatform({
      async *watchCluster(_request, { signal }) {
        signal.addEventListener('abort', () => ended.resolve(true));
        for (;;) {
          yield { cluster: { name: 'again' } };
          await nextTurn();
        }
      },
    });
    for await (const { cluster } of clientOf(platform.url).clusters.watchCluster({
      id: `clu_${'0'.repeat(26)}`,
    })) {
      expect(cluster?.name).toBe('again');
      break;
    }
    expect(await ended.promise).toBe(true);
  });

  test('a stream is read with for await', async () => {
    await using platform = await startPlatform({
      async *watchCluster() {
        yield { cluster: { name: 'one' } };
        yield { cluster: { name: 'two' } };
      },
    });
    const names: (string | undefined)[] = [];
    const watch = clientOf(platform.url).clusters.watchCluster({ id: `clu_${'0'.repeat(26)}` });
    for await (const { cluster } of watch) names.push(cluster?.name);
    expect(names).toEqual(['one', 'two']);
  });

  test('a platform that is not there is UNAVAILABLE', async () => {
    const platform = await startPlatform({});
    await platform.drain();
    const client = clientOf(platform.url, { retries: 0 });
    await expect(client.regions.listRegions({})).rejects.toMatchObject({ code: Code.Unavailable });
  });

  test('a call has a deadline of its own', async () => {
    await using platform = await startPlatform({ listRegions: () => Promise.withResolvers<never>().promise });
    const client = clientOf(platform.url, { timeoutMs: 50 });
    await expect(client.regions.listRegions({})).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });
});

test('the client has every public service and no internal one', () => {
  const everywhere = Object.values(rpcServices).flat();
  const isPublic = (service: (typeof everywhere)[number]) =>
    service.methods.some((method) => getOption(method, exposure) !== Exposure.INTERNAL);
  const wanted = new Set(everywhere.filter(isPublic).map(({ typeName }) => typeName));
  expect(new Set(Object.values(publicServices).map(({ typeName }) => typeName))).toEqual(wanted);
});

test.each(['in the middle', 'without its last frame'])(
  'a stream that ends %s is UNAVAILABLE',
  async (how) => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'application/connect+proto' });
      response.write(Buffer.alloc(5), () => (how === 'in the middle' ? response.destroy() : response.end()));
    });
    const { promise: listening, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await listening;
    const { port } = server.address() as AddressInfo;
    const read = async () => {
      const watch = createCnapClient({ baseUrl: `http://127.0.0.1:${port}` }).clusters.watchCluster({
        id: `clu_${'0'.repeat(26)}`,
      });
      for await (const message of watch) expect(message.cluster).toBeUndefined();
    };
    await expect(read()).rejects.toMatchObject({ code: Code.Unavailable });
    server.close();
  },
);
