// The services that identity asks, as small servers whose answers a test sets.
import type { DescService } from '@bufbuild/protobuf';
import { UsageService as ClustersUsage } from '@cnap/proto/cnap/clusters/v1/usage_service';
import { UsageService as InstallerUsage } from '@cnap/proto/cnap/installer/v1/usage_service';
import { startRpcServer, type ConnectRouter } from '@cnap/rpc';
import type { TestKeys } from '@cnap/testing';

export type Asked = { asked: 'close' | 'reopen'; workspaceId: string; closingId: string };

export type Peers = AsyncDisposable & {
  /** How many clusters and installs each workspace has. */
  clusters: Map<string, number>;
  installs: Map<string, number>;
  /** To close and reopen workspaces, in the order of the calls. */
  asked: Asked[];
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
  const asked: Asked[] = [];
  const holder = (counts: Map<string, number>) => ({
    closeWorkspace: ({ workspaceId, closingId }: { workspaceId: string; closingId: string }) => {
      asked.push({ asked: 'close', workspaceId, closingId });
      return { count: counts.get(workspaceId) ?? 0 };
    },
    reopenWorkspace: ({ workspaceId, closingId }: { workspaceId: string; closingId: string }) => {
      asked.push({ asked: 'reopen', workspaceId, closingId });
      return {};
    },
  });
  const clustersUrl = await serve('clusters', ClustersUsage, (router) =>
    router.service(ClustersUsage, holder(clusters)),
  );
  const installerUrl = await serve('installer', InstallerUsage, (router) =>
    router.service(InstallerUsage, holder(installs)),
  );
  const owned = parts.move();
  return {
    clusters,
    installs,
    asked,
    environment: { CNAP_CLUSTERS_URL: clustersUrl, CNAP_INSTALLER_URL: installerUrl },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
