import type { ServiceIdentity } from '@cnap/auth';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { peerClient } from '@cnap/rpc';
import type { ExternalCalls } from '@cnap/service';
import type { ClusterDirectory } from '../product/ports.ts';

export function clusterDirectory(
  baseUrl: string,
  identity: ServiceIdentity,
  external: ExternalCalls,
): ClusterDirectory {
  const peer = peerClient(PlacementCandidateService, { baseUrl, audience: 'clusters', identity });
  return {
    async clusters(ids, signal) {
      const { candidates } = await external('clusters.ListPlacementCandidates', () =>
        peer.listPlacementCandidates({ clusterIds: ids }, { signal }),
      );
      return candidates.map((candidate) => ({
        id: candidate.clusterId,
        workspaceId: candidate.workspaceId,
        regionId: candidate.regionId,
        regionName: candidate.regionName,
        running: candidate.state === ClusterState.RUNNING,
      }));
    },
  };
}
