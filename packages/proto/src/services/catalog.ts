import type { DescService } from '@bufbuild/protobuf';
import { ArtifactService } from '../gen/cnap/catalog/v1/artifact_service_pb.ts';
import { ListingService } from '../gen/cnap/catalog/v1/listing_service_pb.ts';
import { PackageService } from '../gen/cnap/catalog/v1/package_service_pb.ts';
import { ProductDetailService } from '../gen/cnap/catalog/v1/product_detail_service_pb.ts';
import { ProductService } from '../gen/cnap/catalog/v1/product_service_pb.ts';
import { RegistryCredentialService } from '../gen/cnap/catalog/v1/registry_credential_service_pb.ts';
import { RegistrySecretService } from '../gen/cnap/catalog/v1/registry_secret_service_pb.ts';
import { TemplateService } from '../gen/cnap/catalog/v1/template_service_pb.ts';
import { UsageService } from '../gen/cnap/catalog/v1/usage_service_pb.ts';
import { DeadLetterService } from '../gen/cnap/operations/v1/dead_letter_service_pb.ts';

/** The RPC services of catalog, the dead letters among them. */
export const catalogServices: readonly DescService[] = [
  ArtifactService,
  ListingService,
  PackageService,
  ProductDetailService,
  ProductService,
  RegistryCredentialService,
  RegistrySecretService,
  TemplateService,
  UsageService,
  DeadLetterService,
];
