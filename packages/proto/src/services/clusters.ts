import type { DescService } from '@bufbuild/protobuf';
import { ClusterCredentialService } from '../gen/cnap/clusters/v1/cluster_credential_service_pb.ts';
import { ClusterService } from '../gen/cnap/clusters/v1/cluster_service_pb.ts';
import { KubeconfigService } from '../gen/cnap/clusters/v1/kubeconfig_service_pb.ts';
import { PlacementCandidateService } from '../gen/cnap/clusters/v1/placement_candidate_service_pb.ts';
import { RegionService } from '../gen/cnap/clusters/v1/region_service_pb.ts';
import { UsageService } from '../gen/cnap/clusters/v1/usage_service_pb.ts';
import { DeadLetterService } from '../gen/cnap/operations/v1/dead_letter_service_pb.ts';

/** The RPC services of clusters, the dead letters among them. */
export const clustersServices: readonly DescService[] = [
  ClusterCredentialService,
  ClusterService,
  KubeconfigService,
  PlacementCandidateService,
  RegionService,
  UsageService,
  DeadLetterService,
];
