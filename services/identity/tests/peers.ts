// The services that identity asks, as small servers whose answers a test sets.
import type { DescService } from '@bufbuild/protobuf';
import { UsageService as ClustersUsage } from '@cnap/proto/cnap/clusters/v1/usage_service';
import { UsageService as InstallerUsage } from '@cnap/proto/cnap/installer/v1/usage_service';
import { startRpcServer, type ConnectRouter } from '@cnap/rpc';
import type { TestKeys } from '@cnap/testing';

export type Peers = AsyncDisposable & {
  /** How many clusters and installs each workspace has. */
  clusters: Map<string, number>;
  installs: Map<string, number>;
  environment: Record<string, string>;
};

export async function startPeers(keys: TestKeys): Promise<Peers> {
  await using parts = new AsyncDisposableStack();
  const clusters = new Map<string, number>();
  const installs = new Map<string, number>();
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
  const clustersUrl = await serve('clusters', ClustersUsage, (router) =>
    router.rpc(ClustersUsage.method.getUsage, ({ subject }) => ({
      count: clusters.get(subject.value ?? '') ?? 0,
    })),
  );
  const installerUrl = await serve('installer', InstallerUsage, (router) =>
    router.rpc(InstallerUsage.method.getUsage, ({ subject }) => ({
      count: installs.get(subject.value ?? '') ?? 0,
    })),
  );
  const owned = parts.move();
  return {
    clusters,
    installs,
    environment: { CNAP_CLUSTERS_URL: clustersUrl, CNAP_INSTALLER_URL: installerUrl },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
