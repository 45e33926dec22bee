// The public services by the names that the client has them under; a test compares the list with the protos.
import { CheckoutService } from '@cnap/proto/cnap/billing/v1/checkout_service';
import { OrderService } from '@cnap/proto/cnap/billing/v1/order_service';
import { PriceService } from '@cnap/proto/cnap/billing/v1/price_service';
import { SellerAccountService } from '@cnap/proto/cnap/billing/v1/seller_account_service';
import { ListingService } from '@cnap/proto/cnap/catalog/v1/listing_service';
import { PackageService } from '@cnap/proto/cnap/catalog/v1/package_service';
import { ProductService } from '@cnap/proto/cnap/catalog/v1/product_service';
import { RegistryCredentialService } from '@cnap/proto/cnap/catalog/v1/registry_credential_service';
import { TemplateService } from '@cnap/proto/cnap/catalog/v1/template_service';
import { ClusterService } from '@cnap/proto/cnap/clusters/v1/cluster_service';
import { KubeconfigService } from '@cnap/proto/cnap/clusters/v1/kubeconfig_service';
import { RegionService } from '@cnap/proto/cnap/clusters/v1/region_service';
import { AuditEntryService } from '@cnap/proto/cnap/identity/v1/audit_entry_service';
import { InvitationService } from '@cnap/proto/cnap/identity/v1/invitation_service';
import { MemberService } from '@cnap/proto/cnap/identity/v1/member_service';
import { TokenService } from '@cnap/proto/cnap/identity/v1/token_service';
import { UserService } from '@cnap/proto/cnap/identity/v1/user_service';
import { WorkspaceService } from '@cnap/proto/cnap/identity/v1/workspace_service';
import { AdoptionService } from '@cnap/proto/cnap/installer/v1/adoption_service';
import { InstallService } from '@cnap/proto/cnap/installer/v1/install_service';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { ReleaseService } from '@cnap/proto/cnap/installer/v1/release_service';

/** The services that can be reached through the public port, by the property that carries them. */
export const publicServices = {
  adoptions: AdoptionService,
  auditEntries: AuditEntryService,
  checkouts: CheckoutService,
  clusters: ClusterService,
  installs: InstallService,
  invitations: InvitationService,
  kubeconfigs: KubeconfigService,
  listings: ListingService,
  members: MemberService,
  orders: OrderService,
  packages: PackageService,
  pods: PodService,
  prices: PriceService,
  products: ProductService,
  regions: RegionService,
  registryCredentials: RegistryCredentialService,
  releases: ReleaseService,
  sellerAccounts: SellerAccountService,
  templates: TemplateService,
  tokens: TokenService,
  users: UserService,
  workspaces: WorkspaceService,
};
