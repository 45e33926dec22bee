import type { ServiceIdentity } from '@cnap/auth';
import { UsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import { peerClient } from '@cnap/rpc';
import type { ClusterUsage } from '../cluster/usage-port.ts';

/** Asks the installer which installs a cluster has. */
export function clusterUsage(installerUrl: string, identity: ServiceIdentity): ClusterUsage {
  const installer = peerClient(UsageService, { baseUrl: installerUrl, audience: 'installer', identity });
  return {
    async ofCluster(clusterId) {
      const { count, exampleIds } = await installer.getUsage({
        subject: { case: 'clusterId', value: clusterId },
      });
      return { count, exampleIds };
    },
  };
}
