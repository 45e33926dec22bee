// The gateway with small services behind it that do what real ones do: they authorise, validate and answer.
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { create, toJson } from '@bufbuild/protobuf';
import type { UserCaller } from '@cnap/auth';
import { DomainError, notFound } from '@cnap/errors';
import { newId } from '@cnap/ids';
import { PackageService } from '@cnap/proto/cnap/catalog/v1/package_service';
import { ProductService, UpdateProductRequestSchema } from '@cnap/proto/cnap/catalog/v1/product_service';
import { KubeconfigService } from '@cnap/proto/cnap/clusters/v1/kubeconfig_service';
import { RegionSchema, type Region } from '@cnap/proto/cnap/clusters/v1/region';
import { RegionService } from '@cnap/proto/cnap/clusters/v1/region_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { MemberService } from '@cnap/proto/cnap/identity/v1/member_service';
import { InstallService } from '@cnap/proto/cnap/installer/v1/install_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { callerOf, startRpcServer, workspaceOf, type ServiceImpl } from '@cnap/rpc';
import { testKeys, testNats, type TestKeys } from '@cnap/testing';
import { readConfig } from '../src/config.ts';
import { startGateway } from '../src/service.ts';

process.env['LOG_LEVEL'] ??= 'silent';

/** What the log of a pod does: `lines` come, each when its turn is; and last the end, an error, or nothing any more. */
export type PodLog = {
  lines: (string | Promise<string>)[];
  last: 'end' | 'hang' | DomainError;
  ended: PromiseWithResolvers<void>;
};

export type RestGateway = AsyncDisposable & {
  url: string;
  keys: TestKeys;
  /** By credential: who has it. */
  people: Map<string, UserCaller>;
  regions: Map<string, Region>;
  log: PodLog;
  /** The last request for a change of a product, as the JSON of protobuf. */
  productChange: { last: unknown };
  clusters: { stop(): Promise<void> };
};

export async function startRestGateway(): Promise<RestGateway> {
  await using parts = new AsyncDisposableStack();
  const keys = testKeys();
  const people = new Map<string, UserCaller>();
  const regions = new Map<string, Region>();
  const log: PodLog = { lines: [], last: 'end', ended: Promise.withResolvers() };
  const productChange = { last: undefined as unknown };
  const serve = async (
    service: string,
    services: Parameters<typeof startRpcServer>[0]['services'],
    routes: Routes,
  ) =>
    parts.use(
      await startRpcServer({ service, port: 0, services, routes, verifyCaller: keys.verifierFor(service) }),
    );

  const identity = await serve('identity', [CallerService, MemberService], (router) => {
    router.service(CallerService, callerRpc(keys, people));
    router.service(MemberService, {
      listMembers: (_, context) => ({
        members: [{ userId: callerOf(context).kind, name: workspaceOf(context) }],
      }),
    });
  });
  const clusters = await serve('clusters', [RegionService, KubeconfigService], (router) => {
    router.service(RegionService, regionRpc(regions));
    router.service(KubeconfigService, {
      createKubeconfig({ id }) {
        if (id.endsWith('0'))
          throw new DomainError('failed-precondition', 'CLUSTER_STATE', 'It is not running.');
        return {
          kubeconfig: 'apiVersion: v1\nkind: Config\n',
          document: { apiVersion: 'v1', kind: 'Config' },
        };
      },
    });
  });
  const catalog = await serve('catalog', [ProductService, PackageService], (router) => {
    router.service(ProductService, {
      updateProduct(request) {
        productChange.last = toJson(UpdateProductRequestSchema, request);
        return { product: { id: request.id, templateId: newId('tpl') } };
      },
    });
    router.service(PackageService, {
      async *watchPackage({ id }) {
        yield { package: { id, state: 1 } };
        yield { package: { id, state: 5 } };
      },
    });
  });
  const installer = await serve('installer', [InstallService, PodService], (router) => {
    router.service(InstallService, {
      deleteInstall: ({ id }) => ({ install: { id, state: 11 } }),
      async *streamSupportBundle() {
        for (const line of log.lines) yield { chunk: Buffer.from(await line, 'latin1') };
        if (log.last instanceof DomainError) throw log.last;
      },
    });
    router.service(PodService, podRpc(log));
  });
  const nats = testNats();
  const config = readConfig({
    CNAP_PORT: '0',
    NATS_URL: nats.url,
    CNAP_NATS_PREFIX: nats.subjectPrefix,
    LOG_LEVEL: 'silent',
    ...keys.environmentOf('gateway'),
    CNAP_IDENTITY_URL: identity.url,
    CNAP_CLUSTERS_URL: clusters.url,
    CNAP_CATALOG_URL: catalog.url,
    CNAP_INSTALLER_URL: installer.url,
    CNAP_BILLING_URL: 'http://127.0.0.1:1',
  });
  const gateway = parts.use(await startGateway(config, { events: { headMs: 200, heartbeatMs: 100 } }));
  const owned = parts.move();
  return {
    url: gateway.url,
    keys,
    people,
    regions,
    log,
    productChange,
    clusters: { stop: () => clusters.drain({ deadlineMs: 100 }) },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type Routes = Parameters<typeof startRpcServer>[0]['routes'];

/** Resolves as identity does: the workspace named, else the person's own; no role where they are no member. */
const callerRpc = (
  keys: TestKeys,
  people: Map<string, UserCaller>,
): Partial<ServiceImpl<typeof CallerService>> => ({
  async resolveCaller({ credential, workspaceId, address }) {
    const who = people.get(credential);
    if (!who) throw new DomainError('unauthenticated', 'CREDENTIAL_INVALID', 'The token is unknown.');
    const { role, workspaceId: own, ...person } = who;
    const named = workspaceId === '' ? own : workspaceId;
    const member = named !== undefined && named === own && role !== undefined;
    const inWorkspace = named === undefined ? {} : { workspaceId: named };
    return {
      callerToken: await keys.sign({ ...person, ...inWorkspace, ...(member ? { role } : {}), address }),
      expireTime: timestampFromMs(Date.now() + 60_000),
      userId: who.userId,
      credentialId: who.credentialId,
      workspaceId: named ?? '',
    };
  },
  getSigningKeys: () => ({ jwksJson: JSON.stringify(keys.jwks) }),
});

function regionRpc(regions: Map<string, Region>): Partial<ServiceImpl<typeof RegionService>> {
  const made = new Map<string, Region>();
  const find = (id: string): Region => {
    const region = regions.get(id);
    if (!region) throw notFound('region', id);
    return region;
  };
  return {
    getRegion: ({ id }) => ({ region: find(id) }),
    listRegions({ pageSize, pageToken }) {
      const all = [...regions.values()];
      const from = Number(pageToken);
      const to = from + (pageSize || 50);
      return { regions: all.slice(from, to), nextPageToken: to < all.length ? String(to) : '' };
    },
    createRegion({ name, icon, country, requestId }, context) {
      const known = made.get(requestId);
      if (known) return { region: known };
      if (name === 'Full') {
        throw new DomainError('resource-exhausted', 'TOO_MANY_REGIONS', 'That is enough.', {
          suggestion: 'Wait.',
        });
      }
      const region = create(RegionSchema, {
        id: newId('reg'),
        workspaceId: workspaceOf(context),
        name,
        icon,
        country,
        etag: '1',
        createTime: timestampFromMs(1_742_169_600_000),
      });
      regions.set(region.id, region);
      if (requestId !== '') made.set(requestId, region);
      return { region };
    },
    updateRegion({ id, name, etag }) {
      const region = find(id);
      if (etag !== '' && etag !== region.etag)
        throw new DomainError('aborted', 'ETAG_MISMATCH', 'It changed.');
      region.name = name ?? region.name;
      region.etag = String(Number(region.etag) + 1);
      return { region };
    },
    deleteRegion({ id }) {
      regions.delete(find(id).id);
      return {};
    },
  };
}

const podRpc = (log: PodLog): Partial<ServiceImpl<typeof PodService>> => ({
  listPods({ pageToken }) {
    const pods =
      pageToken === '' ? [{ name: 'a', containers: ['x'] }] : [{ name: 'b', containers: ['x', 'y'] }];
    return { pods, nextPageToken: pageToken === '' ? 'more' : '' };
  },
  async *streamPodLogs(request, context) {
    const { ended } = log;
    context.signal.addEventListener('abort', () => ended.resolve());
    if (request.pod === 'none') throw notFound('pod', 'none');
    yield { line: `follow ${request.follow} tail ${request.tailLines} since ${request.sinceSeconds}` };
    for (const line of log.lines) yield { line: await line };
    if (log.last === 'hang') await ended.promise;
    if (log.last instanceof DomainError) throw log.last;
  },
});
