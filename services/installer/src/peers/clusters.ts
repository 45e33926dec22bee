import type { Client } from '@connectrpc/connect';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import type { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import type { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import type { Clusters } from '../install/port.ts';

type Clients = {
  credentials: Client<typeof ClusterCredentialService>;
  candidates: Client<typeof PlacementCandidateService>;
};

/** Clusters, as the installer asks them. */
export const askClusters = ({ credentials, candidates }: Clients): Clusters => ({
  async candidates(clusterIds, regionId) {
    const answer = await candidates.listPlacementCandidates({ clusterIds, regionId });
    return answer.candidates.map(({ settings, capacity, ...candidate }) => ({
      clusterId: candidate.clusterId,
      workspaceId: candidate.workspaceId,
      regionId: candidate.regionId,
      regionName: candidate.regionName,
      name: candidate.name,
      running: candidate.state === ClusterState.RUNNING,
      stateMessage: candidate.stateMessage,
      kubernetesVersion: candidate.kubernetesVersion,
      // What others take is not there for installs.
      capacity: capacity && {
        cpuMillis: Number(capacity.cpuMillis - capacity.foreignCpuMillis),
        memoryBytes: Number(capacity.memoryBytes - capacity.foreignMemoryBytes),
        pods: Number(capacity.pods - capacity.foreignPods),
      },
      settings: {
        namespacePrefix: settings?.namespacePrefix || 'cnap-',
        cpuLimit: settings?.installLimits?.cpu ?? '',
        memoryLimit: settings?.installLimits?.memory ?? '',
        clusterWideObjectsForbidden: settings?.clusterWideObjectsForbidden ?? false,
        baseDomain: settings?.baseDomain ?? '',
      },
    }));
  },

  kubeconfig: async (clusterId) => (await credentials.getClusterCredential({ clusterId })).kubeconfig,
});
