import { startEvents } from '@cnap/events';
import { openDatabase } from '@cnap/postgres';
import { catalogServices } from '@cnap/proto/services/catalog';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { ListingService } from '@cnap/proto/cnap/catalog/v1/listing_service';
import { PackageService } from '@cnap/proto/cnap/catalog/v1/package_service';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { ProductService } from '@cnap/proto/cnap/catalog/v1/product_service';
import { RegistryCredentialService } from '@cnap/proto/cnap/catalog/v1/registry_credential_service';
import { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { TemplateService } from '@cnap/proto/cnap/catalog/v1/template_service';
import { UsageService } from '@cnap/proto/cnap/catalog/v1/usage_service';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { startReconcilers } from '@cnap/reconcile';
import { startRpcServer } from '@cnap/rpc';
import { parseKeyring } from '@cnap/secrets';
import { callersOf, deadLetterRpc, type ExternalCallHooks, externalCalls } from '@cnap/service';
import { createLogger, startTelemetry } from '@cnap/telemetry';
import { createPostgresArtifacts } from './artifact/postgres-store.ts';
import { artifactRpc } from './artifact/rpc.ts';
import { createChartRepository } from './chart-repository/chart-repository.ts';
import { onCluster } from './cluster/on-cluster.ts';
import { reconcileClusters } from './cluster/reconcile.ts';
import type { Config } from './config.ts';
import type { CatalogDatabase } from './database.ts';
import { createFetcher, type FetcherOptions } from './fetch/fetch.ts';
import { createGitCharts } from './git/git-charts.ts';
import { createChartRenderer } from './helm/chart-renderer.ts';
import { listingRpc } from './listing/rpc.ts';
import { createOciCharts } from './oci/oci-charts.ts';
import { createTokenSource } from './oauth/client-credentials.ts';
import { chartSource } from './package/chart-source.ts';
import { reconcilePackage } from './package/reconcile.ts';
import { packageRpc } from './package/rpc.ts';
import { orderUsage, priceDirectory } from './peer/billing.ts';
import { clusterDirectory } from './peer/clusters.ts';
import { installUsage } from './peer/installer.ts';
import { onPrice } from './price/on-price.ts';
import { reconcilePrices } from './price/reconcile.ts';
import { productDetailRpc } from './product/detail-rpc.ts';
import { productRpc } from './product/rpc.ts';
import { onRegion } from './region/on-region.ts';
import { registryCredentialRpc } from './registry-credential/rpc.ts';
import { registrySecretRpc } from './registry-credential/secret-rpc.ts';
import { onSeller } from './seller/on-seller.ts';
import { createSignIns } from './registry-credential/sign-in.ts';
import { templateRpc } from './template/rpc.ts';
import { usageRpc } from './usage/rpc.ts';

/** What tests put in place of the world. */
export type CatalogOverrides = ExternalCallHooks & {
  fetcher?: Partial<FetcherOptions>;
  /** The pause after a first failure of a build. */
  firstPauseMs?: number;
};

export type RunningCatalog = AsyncDisposable & {
  url: string;
  /** Waits until every fact that was committed is in the stream. For tests. */
  flushed(): Promise<void>;
  /** Waits until nothing is due or running. For tests. */
  idle(): Promise<void>;
};

/** Starts the catalog: the one place where its parts meet. */
export async function startCatalog(
  config: Config,
  overrides: CatalogOverrides = {},
): Promise<RunningCatalog> {
  await using parts = new AsyncDisposableStack();
  parts.use(startTelemetry('catalog'));
  const logger = createLogger('catalog');
  const db = parts.use(openDatabase<CatalogDatabase>({ url: config.DATABASE_URL, schema: 'catalog' }));
  const keyring = parseKeyring(config.CNAP_KEYS);
  const { identity, verifier } = callersOf('catalog', config);
  const external = externalCalls(overrides);

  const fetcher = parts.use(
    createFetcher({ allowPrivate: config.CNAP_FETCH_PRIVATE_ADDRESSES, ...overrides.fetcher }),
  );
  const tokens = createTokenSource({ fetcher, external });
  const signIns = createSignIns({ db, keyring, tokens });
  const from = { fetcher, external, authorization: signIns.authorization };
  const charts = chartSource({
    repository: createChartRepository(from),
    registry: createOciCharts({ ...from, allowPrivate: config.CNAP_FETCH_PRIVATE_ADDRESSES }),
    git: createGitCharts(from),
  });
  const renderer = createChartRenderer({ external });
  const artifacts = createPostgresArtifacts(db);
  const clusters = clusterDirectory(config.CNAP_CLUSTERS_URL, identity, external);
  const prices = priceDirectory(config.CNAP_BILLING_URL, identity, external);
  const installs = installUsage(config.CNAP_INSTALLER_URL, identity, external);
  const orders = orderUsage(config.CNAP_BILLING_URL, identity, external);

  const reconcilers = parts.use(
    await startReconcilers({
      db,
      reconcilers: {
        package: reconcilePackage({ db, charts, renderer, artifacts }),
        clusters: reconcileClusters({ db, clusters }),
        prices: reconcilePrices({ db, prices }),
      },
      concurrency: 8,
      leaseMs: config.CNAP_LEASE,
      ...(overrides.firstPauseMs === undefined ? {} : { firstPauseMs: overrides.firstPauseMs }),
      onError: (error, where) => logger.warn({ err: error, ...where }, 'reconcile failed'),
    }),
  );
  const events = parts.use(
    await startEvents({
      db,
      service: 'catalog',
      natsUrl: config.NATS_URL,
      ...(config.CNAP_NATS_PREFIX === '' ? {} : { subjectPrefix: config.CNAP_NATS_PREFIX }),
      subscriptions: [onRegion, onCluster, onPrice, onSeller],
    }),
  );
  const server = parts.use(
    await startRpcServer({
      service: 'catalog',
      host: config.HOST,
      port: config.PORT,
      services: catalogServices,
      verifyCaller: (token) => verifier.verify(token),
      ready: () => db.ping(),
      routes: (router) => {
        router.service(ArtifactService, artifactRpc({ db, artifacts }));
        router.service(DeadLetterService, deadLetterRpc(events));
        router.service(ListingService, listingRpc({ db }));
        router.service(PackageService, packageRpc({ db }));
        router.service(ProductDetailService, productDetailRpc({ db }));
        router.service(ProductService, productRpc({ db, clusters, prices, installs, orders }));
        router.service(RegistryCredentialService, registryCredentialRpc({ db, keyring }));
        router.service(RegistrySecretService, registrySecretRpc({ signIns }));
        router.service(TemplateService, templateRpc({ db, usage: installs, artifacts }));
        router.service(UsageService, usageRpc({ db }));
      },
    }),
  );
  const owned = parts.move();
  return {
    url: server.url,
    flushed: () => events.flushed(),
    idle: () => reconcilers.idle(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
