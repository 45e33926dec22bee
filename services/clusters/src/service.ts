import { startEvents } from '@cnap/events';
import { openDatabase } from '@cnap/postgres';
import { clustersServices } from '@cnap/proto/services/clusters';
import { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import { ClusterService } from '@cnap/proto/cnap/clusters/v1/cluster_service';
import { KubeconfigService } from '@cnap/proto/cnap/clusters/v1/kubeconfig_service';
import { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { RegionService } from '@cnap/proto/cnap/clusters/v1/region_service';
import { UsageService } from '@cnap/proto/cnap/clusters/v1/usage_service';
import { DeadLetterService } from '@cnap/proto/cnap/operations/v1/dead_letter_service';
import { startReconcilers } from '@cnap/reconcile';
import { startRpcServer } from '@cnap/rpc';
import { parseKeyring } from '@cnap/secrets';
import { callersOf, deadLetterRpc } from '@cnap/service';
import { createLogger, startTelemetry } from '@cnap/telemetry';
import { clusterCredentialRpc } from './cluster-credential/rpc.ts';
import { usualPace, type Pace } from './cluster/plan.ts';
import { reconcileCluster } from './cluster/reconcile.ts';
import { clusterRpc } from './cluster/rpc.ts';
import type { Config } from './config.ts';
import type { Tables } from './database.ts';
import { openKubernetes } from './kubernetes/adapter.ts';
import { clusterUsage } from './peers/cluster-usage.ts';
import { kubeconfigRpc } from './kubeconfig/rpc.ts';
import { placementCandidateRpc } from './placement-candidate/rpc.ts';
import { regionRpc } from './region/rpc.ts';
import { usageRpc } from './usage/rpc.ts';

/** What tests put in place of the usual: how often clusters are looked at. */
export type Overrides = { pace?: Partial<Pace> };

/** Starts clusters: the one place where its parts meet. */
export async function startClusters(
  config: Config,
  overrides: Overrides = {},
): Promise<AsyncDisposable & { url: string }> {
  await using parts = new AsyncDisposableStack();
  parts.use(startTelemetry('clusters'));
  const db = parts.use(openDatabase<Tables>({ url: config.DATABASE_URL, schema: 'clusters' }));
  const keyring = parseKeyring(config.CNAP_KEYS);
  const kubernetes = parts.use(openKubernetes());
  const { identity, verifier } = callersOf('clusters', config);
  const logger = createLogger('clusters');
  const pace = { ...usualPace, ...overrides.pace };
  const usage = clusterUsage(config.CNAP_INSTALLER_URL, identity);
  parts.use(
    await startReconcilers({
      db,
      reconcilers: { cluster: reconcileCluster({ db, keyring, kubernetes, pace }) },
      // Nearly all of it waits: 150 clusters that are silent leave room for those that answer.
      concurrency: 64,
      leaseMs: config.CNAP_LEASE,
      onError: (err, where) => logger.warn({ err, ...where }, 'a reconciler failed, and will try again'),
    }),
  );
  const events = parts.use(
    await startEvents({
      db,
      service: 'clusters',
      natsUrl: config.NATS_URL,
      subjectPrefix: config.CNAP_NATS_PREFIX,
      subscriptions: [],
    }),
  );
  const server = parts.use(
    await startRpcServer({
      service: 'clusters',
      host: config.HOST,
      port: config.PORT,
      services: clustersServices,
      verifyCaller: (token) => verifier.verify(token),
      ready: () => db.ping(),
      routes: (router) => {
        router.service(ClusterCredentialService, clusterCredentialRpc({ db, keyring }));
        router.service(ClusterService, clusterRpc({ db, keyring, kubernetes, usage }));
        router.service(KubeconfigService, kubeconfigRpc({ db }));
        router.service(PlacementCandidateService, placementCandidateRpc({ db }));
        router.service(RegionService, regionRpc({ db }));
        router.service(UsageService, usageRpc({ db }));
        router.service(DeadLetterService, deadLetterRpc(events));
      },
    }),
  );
  const owned = parts.move();
  return { url: server.url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
