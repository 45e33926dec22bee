import type { DescService } from '@bufbuild/protobuf';
import { AdoptionService } from '../gen/cnap/installer/v1/adoption_service_pb.ts';
import { InstallService } from '../gen/cnap/installer/v1/install_service_pb.ts';
import { OrderInstallService } from '../gen/cnap/installer/v1/order_install_service_pb.ts';
import { PlacementService } from '../gen/cnap/installer/v1/placement_service_pb.ts';
import { PodService } from '../gen/cnap/installer/v1/pod_service_pb.ts';
import { ReleaseService } from '../gen/cnap/installer/v1/release_service_pb.ts';
import { UsageService } from '../gen/cnap/installer/v1/usage_service_pb.ts';
import { DeadLetterService } from '../gen/cnap/operations/v1/dead_letter_service_pb.ts';

/** The RPC services of installer, the dead letters among them. */
export const installerServices: readonly DescService[] = [
  AdoptionService,
  InstallService,
  OrderInstallService,
  PlacementService,
  PodService,
  ReleaseService,
  UsageService,
  DeadLetterService,
];
