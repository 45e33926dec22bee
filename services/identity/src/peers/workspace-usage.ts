import type { ServiceIdentity } from '@cnap/auth';
import { UsageService as ClustersUsage } from '@cnap/proto/cnap/clusters/v1/usage_service';
import { UsageService as InstallerUsage } from '@cnap/proto/cnap/installer/v1/usage_service';
import { peerClient } from '@cnap/rpc';
import type { WorkspaceUsage } from '../workspace/port.ts';

/** Asks clusters and the installer what a workspace still has. */
export function workspaceUsage(
  urls: { clusters: string; installer: string },
  identity: ServiceIdentity,
): WorkspaceUsage {
  const clusters = peerClient(ClustersUsage, { baseUrl: urls.clusters, audience: 'clusters', identity });
  const installer = peerClient(InstallerUsage, { baseUrl: urls.installer, audience: 'installer', identity });
  return {
    async ofWorkspace(workspaceId) {
      const subject = { case: 'workspaceId' as const, value: workspaceId };
      const counts = await Promise.all([clusters.getUsage({ subject }), installer.getUsage({ subject })]);
      return counts.flatMap(({ count }, index) => {
        const noun = index === 0 ? 'cluster' : 'install';
        return count === 0 ? [] : [`${count} ${noun}${count === 1 ? '' : 's'}`];
      });
    },
  };
}
