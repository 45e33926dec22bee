import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import type { PlacementCandidateService } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { listCandidates } from '../cluster/store.ts';
import { capacityToProto, settingsToProto, stateToProto } from '../cluster/to-proto.ts';
import type { Database } from '../database.ts';

export const placementCandidateRpc = ({
  db,
}: {
  db: Database;
}): ServiceImpl<typeof PlacementCandidateService> => ({
  async listPlacementCandidates({ clusterIds, regionId }) {
    const rows = await db.acrossWorkspaces((tx) => listCandidates(tx, clusterIds, regionId));
    return {
      candidates: rows.map((row) => ({
        clusterId: row.id,
        workspaceId: row.workspace_id,
        regionId: row.region_id,
        regionName: row.region_name,
        name: row.name,
        state: stateToProto[row.state],
        stateMessage: row.state_message,
        kubernetesVersion: row.kubernetes_version,
        settings: settingsToProto(row.settings),
        ...(row.capacity ? { capacity: capacityToProto(row.capacity) } : {}),
        ...(row.observed_at ? { observeTime: timestampFromDate(row.observed_at) } : {}),
      })),
    };
  },
});
