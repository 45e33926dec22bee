// The catalog as it runs, in a process of its own kind: real Postgres, NATS and Helm; its peers are in peers.ts.
import type { DescService } from '@bufbuild/protobuf';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { ListingService } from '@cnap/proto/cnap/catalog/v1/listing_service';
import type { Package } from '@cnap/proto/cnap/catalog/v1/package';
import { PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { PackageService } from '@cnap/proto/cnap/catalog/v1/package_service';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { ProductService } from '@cnap/proto/cnap/catalog/v1/product_service';
import { RegistryCredentialService } from '@cnap/proto/cnap/catalog/v1/registry_credential_service';
import { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import type { WaitFor } from '@cnap/proto/cnap/catalog/v1/template';
import { TemplateService } from '@cnap/proto/cnap/catalog/v1/template_service';
import { UsageService } from '@cnap/proto/cnap/catalog/v1/usage_service';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { newId } from '@cnap/ids';
import {
  type TestDatabase,
  testDatabase,
  type TestKeys,
  testKeys,
  testNats,
  type TestPerson,
  type TestService,
} from '@cnap/testing';
import { type Client, createClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { migrations } from '../migrations/index.ts';
import { readConfig } from '../src/config.ts';
import type { CatalogDatabase } from '../src/database.ts';
import { type CatalogOverrides, type RunningCatalog, startCatalog } from '../src/service.ts';
import { monthly, type PeerState, startPeers } from './peers.ts';
import { type Repository, startRepository } from './repository.ts';

process.env['LOG_LEVEL'] ??= 'silent';

const services = {
  artifacts: ArtifactService,
  deadLetters: DeadLetterService,
  listings: ListingService,
  packages: PackageService,
  productDetails: ProductDetailService,
  products: ProductService,
  registryCredentials: RegistryCredentialService,
  registrySecrets: RegistrySecretService,
  templates: TemplateService,
  usage: UsageService,
} satisfies Record<string, DescService>;

export type Clients = { [K in keyof typeof services]: Client<(typeof services)[K]> };

export type TestCatalog = AsyncDisposable & {
  keys: TestKeys;
  peers: PeerState;
  repository: Repository;
  database: TestDatabase<CatalogDatabase>;
  nats: { url: string; subjectPrefix: string };
  running: RunningCatalog;
  as(person: TestPerson): Clients;
  asService(service: TestService): Clients;
  asAnybody(): Clients;
  /** A template whose first build has ended; its repository is the test's own. */
  aTemplate(
    charts?: { chart: string; version?: string; values?: object }[],
    from?: Repository,
  ): Promise<{
    templateId: string;
    package: Package;
  }>;
  /** A cluster of the owner's workspace. */
  aCluster(change?: Partial<PeerState['clusters'][number]>): PeerState['clusters'][number];
  /** The end of a build. */
  built(packageId: string): Promise<Package>;
};

export async function startTestCatalog(
  overrides: CatalogOverrides = {},
  environment: Record<string, string> = {},
): Promise<TestCatalog> {
  await using parts = new AsyncDisposableStack();
  const keys = testKeys();
  const database = parts.use(await testDatabase<CatalogDatabase>('catalog', migrations));
  const peers = parts.use(await startPeers(keys));
  const repository = parts.use(await startRepository());
  const nats = testNats();
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    CNAP_NATS_PREFIX: nats.subjectPrefix,
    CNAP_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    CNAP_FETCH_PRIVATE_ADDRESSES: 'true',
    LOG_LEVEL: 'silent',
    ...keys.environmentOf('catalog'),
    ...peers.environment,
    ...environment,
  });
  const running = parts.use(await startCatalog(config, { firstPauseMs: 20, ...overrides }));

  const clientsWith = (token?: () => Promise<string>): Clients => {
    const identify: Interceptor = (next) => async (request) => {
      if (token !== undefined) request.header.set('authorization', `Bearer ${await token()}`);
      return next(request);
    };
    const transport = createConnectTransport({
      httpVersion: '1.1',
      baseUrl: running.url,
      interceptors: [identify],
    });
    return Object.fromEntries(
      Object.entries(services).map(([name, service]) => [
        name,
        createClient(service as DescService, transport),
      ]),
    ) as Clients;
  };
  const as = (person: TestPerson) => clientsWith(() => keys.tokenOf(person));

  async function built(packageId: string): Promise<Package> {
    let last: Package | undefined;
    for await (const { package: seen } of as('owner').packages.watchPackage({ id: packageId })) last = seen;
    if (last === undefined) throw new Error(`nothing was seen of ${packageId}`);
    return last;
  }

  const owned = parts.move();
  return {
    keys,
    peers: peers.state,
    repository,
    database,
    nats,
    running,
    as,
    built,
    asService: (service) => {
      const identity = keys.identityOf(service);
      return clientsWith(() => identity.token('catalog'));
    },
    asAnybody: () => clientsWith(),
    async aTemplate(charts = [{ chart: 'shop' }], from = repository) {
      if (!from.files.has('/shop-1.0.0.tgz')) from.publish('shop', '1.0.0');
      const { template, packageId } = await as('owner').templates.createTemplate({
        name: 'Shop',
        sources: charts.map((source) => sourceOf(from.url, source)),
      });
      return { templateId: template!.id, package: await built(packageId) };
    },
    aCluster(change = {}) {
      const cluster = {
        id: newId('clu'),
        workspaceId: keys.workspaceId,
        regionId: newId('reg'),
        regionName: 'Frankfurt',
        state: ClusterState.RUNNING,
        ...change,
      };
      peers.state.clusters.push(cluster);
      return cluster;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A source of a request. */
export const sourceOf = (
  repoUrl: string,
  source: { chart: string; version?: string; values?: object; id?: string; waitFor?: WaitFor[] },
) => ({
  id: source.id ?? '',
  kind: {
    case: 'helmChart' as const,
    value: { repoUrl, chart: source.chart, version: source.version ?? '' },
  },
  values: (source.values ?? {}) as Record<string, never>,
  waitFor: source.waitFor ?? [],
});

/** Gives the owner's workspace a Stripe account with these prices. */
export function withPrices(catalog: TestCatalog, ids: string[], chargesEnabled = true): void {
  catalog.peers.accounts.set(catalog.keys.workspaceId, {
    chargesEnabled,
    prices: ids.map((id) => monthly(id)),
  });
}

export { PackageState };
