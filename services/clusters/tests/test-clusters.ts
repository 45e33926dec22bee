// Clusters as it runs, on real Postgres and NATS; identity and the installer are small servers.
import type { DescService } from '@bufbuild/protobuf';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import { ClusterService } from '@cnap/proto/cnap/clusters/v1/cluster_service';
import { KubeconfigService } from '@cnap/proto/cnap/clusters/v1/kubeconfig_service';
import { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { RegionService } from '@cnap/proto/cnap/clusters/v1/region_service';
import { UsageService } from '@cnap/proto/cnap/clusters/v1/usage_service';
import { CallerService } from '@cnap/proto/cnap/identity/v1/caller_service';
import { UsageService as InstallerUsage } from '@cnap/proto/cnap/installer/v1/usage_service';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { openDatabase } from '@cnap/postgres';
import { startRpcServer, type ConnectRouter } from '@cnap/rpc';
import {
  testDatabase,
  testKeys,
  testNats,
  type TestDatabase,
  type TestKeys,
  type TestPerson,
  type TestService,
} from '@cnap/testing';
import { createClient, type Client, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { migrations } from '../migrations/index.ts';
import { readConfig } from '../src/config.ts';
import type { Tables } from '../src/database.ts';
import { startClusters, type Overrides } from '../src/service.ts';

process.env['LOG_LEVEL'] ??= 'silent';

const services = {
  clusters: ClusterService,
  credentials: ClusterCredentialService,
  deadLetters: DeadLetterService,
  kubeconfigs: KubeconfigService,
  placements: PlacementCandidateService,
  regions: RegionService,
  usage: UsageService,
} satisfies Record<string, DescService>;

export type Clients = { [K in keyof typeof services]: Client<(typeof services)[K]> };

export type TestClusters = AsyncDisposable & {
  url: string;
  keys: TestKeys;
  nats: { url: string; subjectPrefix: string };
  database: TestDatabase<Tables>;
  /** Ids of the installs of each cluster. */
  installs: Map<string, string[]>;
  /** SQL as superuser. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  as(person: TestPerson): Clients;
  asService(service: TestService): Clients;
  aRegion(name?: string): Promise<string>;
};

export async function startTestClusters(overrides: Overrides = {}): Promise<TestClusters> {
  await using parts = new AsyncDisposableStack();
  const keys = testKeys();
  const database = parts.use(await testDatabase<Tables>('clusters', migrations));
  const admin = parts.use(openDatabase({ url: database.adminUrl, schema: 'clusters', poolSize: 2 }));
  const installs = new Map<string, string[]>();
  const serve = async (service: string, served: DescService, routes: (router: ConnectRouter) => void) =>
    parts.use(
      await startRpcServer({
        service,
        port: 0,
        services: [served],
        routes,
        verifyCaller: keys.verifierFor(service),
      }),
    ).url;
  const identityUrl = await serve('identity', CallerService, (router) =>
    router.rpc(CallerService.method.getSigningKeys, () => ({ jwksJson: JSON.stringify(keys.jwks) })),
  );
  const installerUrl = await serve('installer', InstallerUsage, (router) =>
    router.rpc(InstallerUsage.method.getUsage, ({ subject }) => {
      const ids = installs.get(subject.value ?? '') ?? [];
      return { count: ids.length, exampleIds: ids };
    }),
  );
  const nats = testNats();
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    CNAP_NATS_PREFIX: nats.subjectPrefix,
    CNAP_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    CNAP_IDENTITY_URL: identityUrl,
    CNAP_INSTALLER_URL: installerUrl,
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
    ...keys.environmentOf('clusters'),
  });
  const { url } = parts.use(await startClusters(config, overrides));
  const clientsWith = (token: () => Promise<string>): Clients => {
    const identify: Interceptor = (next) => async (request) => {
      request.header.set('authorization', `Bearer ${await token()}`);
      return next(request);
    };
    const transport = createConnectTransport({ httpVersion: '1.1', baseUrl: url, interceptors: [identify] });
    return Object.fromEntries(
      Object.entries(services).map(([name, service]) => [
        name,
        createClient(service as DescService, transport),
      ]),
    ) as Clients;
  };
  const as = (person: TestPerson) => clientsWith(() => keys.tokenOf(person));

  const owned = parts.move();
  return {
    url,
    keys,
    nats,
    database,
    installs,
    sql: async (text, values = []) => (await admin.pool.query(text, values)).rows,
    as,
    asService(service) {
      const caller = keys.identityOf(service);
      return clientsWith(() => caller.token('clusters'));
    },
    async aRegion(name = 'Frankfurt') {
      const { region } = await as('owner').regions.createRegion({ name });
      return region?.id ?? '';
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
