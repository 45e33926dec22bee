import type { ServiceIdentity } from '@cnap/auth';
import { UsageService as ClustersUsage } from '@cnap/proto/cnap/clusters/v1/usage_service';
import { UsageService as InstallerUsage } from '@cnap/proto/cnap/installer/v1/usage_service';
import { peerClient } from '@cnap/rpc';
import type { ExternalCalls } from '@cnap/service';
import type { Closing, Holders } from '../workspace/port.ts';

/** Clusters and the installer. */
export function workspaceHolders(
  urls: { clusters: string; installer: string },
  identity: ServiceIdentity,
  call: ExternalCalls,
): Holders {
  const clusters = peerClient(ClustersUsage, { baseUrl: urls.clusters, audience: 'clusters', identity });
  const installer = peerClient(InstallerUsage, { baseUrl: urls.installer, audience: 'installer', identity });
  const named = ({ id, workspaceId }: Closing) => ({ workspaceId, closingId: id });
  return {
    async close(closing) {
      const [ofClusters, ofInstaller] = await Promise.all([
        call('clusters.CloseWorkspace', () => clusters.closeWorkspace(named(closing))),
        call('installer.CloseWorkspace', () => installer.closeWorkspace(named(closing))),
      ]);
      return [...inWords(ofClusters.count, 'cluster'), ...inWords(ofInstaller.count, 'install')];
    },

    async reopen(closing) {
      await call('clusters.ReopenWorkspace', () => clusters.reopenWorkspace(named(closing)));
      await call('installer.ReopenWorkspace', () => installer.reopenWorkspace(named(closing)));
    },
  };
}

const inWords = (count: number, noun: string): string[] =>
  count === 0 ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`];
