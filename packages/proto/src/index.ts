// Every RPC service of the platform, by the program that serves it: the one list that servers, routes and tests walk.
import type { DescService } from '@bufbuild/protobuf';
import { CallerService } from './gen/cnap/identity/v1/caller_service_pb.ts';
import { MemberService } from './gen/cnap/identity/v1/member_service_pb.ts';
import { TokenService } from './gen/cnap/identity/v1/token_service_pb.ts';
import { UserProvisioningService } from './gen/cnap/identity/v1/user_provisioning_service_pb.ts';
import { UserService } from './gen/cnap/identity/v1/user_service_pb.ts';
import { WorkspaceOwnerService } from './gen/cnap/identity/v1/workspace_owner_service_pb.ts';
import { WorkspaceService } from './gen/cnap/identity/v1/workspace_service_pb.ts';
import { ClusterCredentialService } from './gen/cnap/clusters/v1/cluster_credential_service_pb.ts';
import { ClusterService } from './gen/cnap/clusters/v1/cluster_service_pb.ts';
import { PlacementCandidateService } from './gen/cnap/clusters/v1/placement_candidate_service_pb.ts';
import { RegionService } from './gen/cnap/clusters/v1/region_service_pb.ts';
import { UsageService as ClustersUsageService } from './gen/cnap/clusters/v1/usage_service_pb.ts';
import { ArtifactService } from './gen/cnap/catalog/v1/artifact_service_pb.ts';
import { ListingService } from './gen/cnap/catalog/v1/listing_service_pb.ts';
import { PackageService } from './gen/cnap/catalog/v1/package_service_pb.ts';
import { ProductDetailService } from './gen/cnap/catalog/v1/product_detail_service_pb.ts';
import { ProductService } from './gen/cnap/catalog/v1/product_service_pb.ts';
import { RegistryCredentialService } from './gen/cnap/catalog/v1/registry_credential_service_pb.ts';
import { RegistrySecretService } from './gen/cnap/catalog/v1/registry_secret_service_pb.ts';
import { TemplateService } from './gen/cnap/catalog/v1/template_service_pb.ts';
import { UsageService as CatalogUsageService } from './gen/cnap/catalog/v1/usage_service_pb.ts';
import { CheckoutService } from './gen/cnap/billing/v1/checkout_service_pb.ts';
import { OrderService } from './gen/cnap/billing/v1/order_service_pb.ts';
import { PriceLookupService } from './gen/cnap/billing/v1/price_lookup_service_pb.ts';
import { PriceService } from './gen/cnap/billing/v1/price_service_pb.ts';
import { SellerAccountService } from './gen/cnap/billing/v1/seller_account_service_pb.ts';
import { UsageService as BillingUsageService } from './gen/cnap/billing/v1/usage_service_pb.ts';
import { InstallService } from './gen/cnap/installer/v1/install_service_pb.ts';
import { OrderInstallService } from './gen/cnap/installer/v1/order_install_service_pb.ts';
import { PlacementService } from './gen/cnap/installer/v1/placement_service_pb.ts';
import { PodService } from './gen/cnap/installer/v1/pod_service_pb.ts';
import { ReleaseService } from './gen/cnap/installer/v1/release_service_pb.ts';
import { UsageService as InstallerUsageService } from './gen/cnap/installer/v1/usage_service_pb.ts';
import { DeadLetterService } from './gen/cnap/operations/v1/dead_letter_service_pb.ts';

/** The programs that serve RPCs. */
export const serviceNames = ['identity', 'clusters', 'catalog', 'billing', 'installer'] as const;

/** Name of a program that serves RPCs. */
export type ServiceName = (typeof serviceNames)[number];

/** The RPC services of each program. */
export const rpcServices: Record<ServiceName, readonly DescService[]> = {
  identity: [
    CallerService,
    MemberService,
    TokenService,
    UserProvisioningService,
    UserService,
    WorkspaceOwnerService,
    WorkspaceService,
    DeadLetterService,
  ],
  clusters: [
    ClusterCredentialService,
    ClusterService,
    PlacementCandidateService,
    RegionService,
    ClustersUsageService,
    DeadLetterService,
  ],
  catalog: [
    ArtifactService,
    ListingService,
    PackageService,
    ProductDetailService,
    ProductService,
    RegistryCredentialService,
    RegistrySecretService,
    TemplateService,
    CatalogUsageService,
    DeadLetterService,
  ],
  billing: [
    CheckoutService,
    OrderService,
    PriceLookupService,
    PriceService,
    SellerAccountService,
    BillingUsageService,
    DeadLetterService,
  ],
  installer: [
    InstallService,
    OrderInstallService,
    PlacementService,
    PodService,
    ReleaseService,
    InstallerUsageService,
    DeadLetterService,
  ],
};
