import { messageOf } from '@cnap/errors';
import { startEvents } from '@cnap/events';
import { ChartFolders, renderChart } from '@cnap/helm';
import { openDatabase, whenReachable } from '@cnap/postgres';
import { installerServices } from '@cnap/proto/services/installer';
import { ArtifactService } from '@cnap/proto/cnap/catalog/v1/artifact_service';
import { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import { RegistrySecretService } from '@cnap/proto/cnap/catalog/v1/registry_secret_service';
import { TemplateService } from '@cnap/proto/cnap/catalog/v1/template_service';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { AdoptionService } from '@cnap/proto/cnap/installer/v1/adoption_service';
import { InstallService } from '@cnap/proto/cnap/installer/v1/install_service';
import { OrderInstallService } from '@cnap/proto/cnap/installer/v1/order_install_service';
import { PlacementService } from '@cnap/proto/cnap/installer/v1/placement_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { ReleaseService } from '@cnap/proto/cnap/installer/v1/release_service';
import { UsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { startReconcilers } from '@cnap/reconcile';
import { peerClient, startRpcServer } from '@cnap/rpc';
import { parseKeyring } from '@cnap/secrets';
import { callersOf, deadLetterRpc, externalCalls, throughCalls, type ExternalCallHooks } from '@cnap/service';
import { createLogger, startTelemetry } from '@cnap/telemetry';
import { adoptionRpc } from './adoption/rpc.ts';
import { onCluster } from './cluster/on-cluster.ts';
import type { Config } from './config.ts';
import type { Tables } from './database.ts';
import { atMost } from './install/at-most.ts';
import { reconcileInstall } from './install/reconcile.ts';
import { installRpc } from './install/rpc.ts';
import { wakeInstalls } from './install/wake-installs.ts';
import { createEngine } from './kubernetes/engine.ts';
import { orderInstallRpc } from './order-install/rpc.ts';
import { onPackage } from './package/on-package.ts';
import { askCatalog } from './peers/catalog.ts';
import { askClusters } from './peers/clusters.ts';
import { reachOf } from './placement/reach.ts';
import { placementRpc } from './placement/rpc.ts';
import { shellLimits, type ShellLimits } from './pod/exec.ts';
import { podRpc } from './pod/rpc.ts';
import { releaseRpc } from './release/rpc.ts';
import { bundleLimits, type BundleLimits } from './support-bundle/rpc.ts';
import { usageRpc } from './usage/rpc.ts';
import { onWorkspaceDeleted } from './workspace/on-workspace-deleted.ts';

const engineSteps = [
  'capabilities',
  'examine',
  'prepareNamespace',
  'applyCrds',
  'applyObjects',
  'runHooks',
  'compareObjects',
  'correctObjects',
  'observeHealth',
  'explainWaiting',
  'removeObjects',
  'hibernate',
  'revive',
  'listVolumeClaims',
  'removeNamespace',
] as const;

/** For tests: crashes, repeated calls, a short pause after a failure, shells that end soon, small support bundles. */
export type Overrides = ExternalCallHooks & {
  firstPauseMs?: number;
  shells?: Partial<ShellLimits>;
  bundles?: Partial<BundleLimits>;
};

/** Logs may be silent for long; who reads them is known to be there by the connection's own pings. */
const longestSilenceMs = 12 * 3_600_000;

/** Helm takes a core and a hundred megabytes. */
const rendersAtOnce = 4;

/** Starts the installer: the one place where its parts meet. */
export async function startInstaller(
  config: Config,
  overrides: Overrides = {},
): Promise<AsyncDisposable & { url: string }> {
  await using parts = new AsyncDisposableStack();
  parts.use(startTelemetry('installer'));
  const logger = createLogger('installer');
  const db = parts.use(openDatabase<Tables>({ url: config.DATABASE_URL, schema: 'installer', poolSize: 20 }));
  const keyring = parseKeyring(config.CNAP_KEYS);
  const { identity, verifier } = callersOf('installer', config);
  const call = externalCalls(overrides);
  const toCatalog = { baseUrl: config.CNAP_CATALOG_URL, audience: 'catalog', identity };
  const toClusters = { baseUrl: config.CNAP_CLUSTERS_URL, audience: 'clusters', identity };
  const catalog = throughCalls(
    askCatalog({
      products: peerClient(ProductDetailService, toCatalog),
      artifacts: peerClient(ArtifactService, toCatalog),
      registries: peerClient(RegistrySecretService, toCatalog),
      templates: peerClient(TemplateService, toCatalog),
    }),
    'catalog',
    ['product', 'package', 'artifact', 'registries', 'makeTemplate', 'changeValues'],
    call,
  );
  const clusters = throughCalls(
    askClusters({
      credentials: peerClient(ClusterCredentialService, toClusters),
      candidates: peerClient(PlacementCandidateService, toClusters),
    }),
    'clusters',
    ['candidates', 'kubeconfig'],
    call,
  );
  const waker = parts.use(wakeInstalls(db, logger));
  const bareEngine = parts.use(
    createEngine({
      loadKubeconfig: (clusterId) => clusters.kubeconfig(clusterId),
      onInstallChanged: (_, installId) => waker.wakeSoon(installId),
      onAnswersAgain: (clusterId) => waker.wakeClusterSoon(clusterId),
      finalizersAfterMs: config.CNAP_FINALIZERS_AFTER,
      onTrouble: (clusterId, error) => {
        if (error) logger.warn({ clusterId, err: error }, 'a watch cannot be kept up');
      },
    }),
  );
  const engine = throughCalls(bareEngine, 'kubernetes', engineSteps, call);
  const folders = parts.use(new ChartFolders());
  const renderKept: typeof renderChart = (request) => renderChart({ ...request, folders });
  const rendering = { catalog, renderChart: atMost(rendersAtOnce, renderKept) };
  const deps = { db, keyring, engine, clusters, logger, ...rendering, reachOf: reachOf(rendering) };
  parts.use(
    await startReconcilers({
      db,
      reconcilers: {
        install: reconcileInstall(deps),
      },
      // Nearly all of it waits for a cluster; one that is silent takes no more than its budget.
      concurrency: 64,
      leaseMs: config.CNAP_LEASE,
      ...(overrides.firstPauseMs === undefined ? {} : { firstPauseMs: overrides.firstPauseMs }),
      onError: (error, { doing, key = '' }) =>
        logger.warn({ installId: key, doing, err: error }, messageOf(error)),
    }),
  );
  await whenReachable(
    () => waker.wakeAll(),
    (err) => logger.warn({ err }, 'waits for its database'),
  );
  const events = parts.use(
    await startEvents({
      db,
      service: 'installer',
      natsUrl: config.NATS_URL,
      subjectPrefix: config.CNAP_NATS_PREFIX,
      subscriptions: [onCluster(engine), onPackage(), onWorkspaceDeleted],
    }),
  );
  const server = parts.use(
    await startRpcServer({
      service: 'installer',
      host: config.HOST,
      port: config.PORT,
      services: installerServices,
      verifyCaller: (token) => verifier.verify(token),
      ready: () => db.ping(),
      streamIdleMs: (method) => (method.parent === PodService ? longestSilenceMs : 600_000),
      routes: (router) => {
        router.service(AdoptionService, adoptionRpc(deps));
        router.service(DeadLetterService, deadLetterRpc(events));
        router.service(InstallService, installRpc(deps, { ...bundleLimits, ...overrides.bundles }));
        router.service(OrderInstallService, orderInstallRpc({ db, keyring, catalog }));
        router.service(PlacementService, placementRpc(deps));
        router.service(
          PodService,
          podRpc({ db, keyring, engine, limits: { ...shellLimits, ...overrides.shells } }),
        );
        router.service(ReleaseService, releaseRpc({ db, keyring, engine }));
        router.service(UsageService, usageRpc({ db }));
      },
    }),
  );
  const owned = parts.move();
  return { url: server.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
