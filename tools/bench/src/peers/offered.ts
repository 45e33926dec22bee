// What catalog and clusters say of a chart that is offered, and of a cluster with room for everything.
import { createHash } from 'node:crypto';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import { PackageSchema, PackageState } from '@cnap/proto/cnap/catalog/v1/package';
import { type ClusterSettingsSchema, ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import {
  type PlacementCandidate,
  PlacementCandidateSchema,
} from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';

/** A package whose one source is this chart. */
export const packageOf = (alias: string, artifact: Uint8Array) =>
  create(PackageSchema, {
    id: newId('pkg'),
    templateId: newId('tpl'),
    version: '1.0.0',
    state: PackageState.READY,
    digest: `sha256:${createHash('sha256').update(artifact).digest('hex')}`,
    sources: [{ sourceId: newId('src'), alias }],
    needs: { cpuMillis: 10n, memoryBytes: 16_777_216n, pods: 1 },
  });

export const candidateOf = (
  cluster: Pick<PlacementCandidate, 'clusterId' | 'regionId' | 'workspaceId' | 'regionName' | 'name'>,
  settings: MessageInitShape<typeof ClusterSettingsSchema> = {},
) =>
  create(PlacementCandidateSchema, {
    ...cluster,
    state: ClusterState.RUNNING,
    kubernetesVersion: 'v1.36.3',
    capacity: { cpuMillis: 10n ** 9n, memoryBytes: 10n ** 15n, pods: 1_000_000n, nodes: 100 },
    settings,
  });
