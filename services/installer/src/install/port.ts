import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CreateTemplateRequestSchema } from '@cnap/proto/cnap/catalog/v1/template_service';
import type { SourceValues } from '@cnap/proto/cnap/installer/v1/install_service';
import type { Needs, ProductColumn, UpdatePolicyName } from '../database.ts';
import type { WaitFor } from '../kubernetes/wait-for.ts';

/** A package as the installer needs it. */
export type PackageSeen = {
  id: string;
  templateId: string;
  state: 'building' | 'ready' | 'failed';
  stateMessage: string;
  version: string;
  digest: string;
  /** Its template's sources, by the alias that their values are under. */
  sources: { id: string; alias: string; waitFor: WaitFor[] }[];
  needs: Needs;
  /** Range of Kubernetes versions it asks for; empty: any. */
  kubernetesVersionRange: string;
  kinds: { apiVersion: string; kind: string; clusterWide: boolean }[];
};

/** A product with the package its new installs get. */
export type ProductSeen = {
  id: string;
  workspaceId: string;
  templateId: string;
  name: string;
  inputSchema: Record<string, unknown>;
  updatePolicy: UpdatePolicyName;
  column: ProductColumn;
  package: PackageSeen | undefined;
};

/** What the installer asks the catalog. */
export type Catalog = {
  /** undefined when there is no such product. */
  product(productId: string): Promise<ProductSeen | undefined>;
  package(packageId: string): Promise<PackageSeen>;
  /** As the caller whose `authorization` it is: makes a template, whose first package is being built. */
  makeTemplate(
    authorization: string,
    request: MessageInitShape<typeof CreateTemplateRequestSchema>,
  ): Promise<{ templateId: string; packageId: string }>;
  /**
   * As the caller: replaces the values of some of a template's sources.
   * @returns the package that is being built
   * @throws DomainError invalid-argument SOURCE_NOT_FOUND
   */
  changeValues(authorization: string, templateId: string, updates: readonly SourceValues[]): Promise<string>;
  /** The umbrella chart, a .tgz. */
  artifact(digest: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Sign-ins for the registries of a package's images. */
  registries(
    workspaceId: string,
    packageId: string,
  ): Promise<{
    logins: { host: string; username: string; password: string }[];
    /** When the first of them ends to work; undefined: never. */
    expiresAt: Date | undefined;
  }>;
};

/** A cluster that an install could go to. */
export type CandidateSeen = {
  clusterId: string;
  workspaceId: string;
  regionId: string;
  regionName: string;
  name: string;
  running: boolean;
  stateMessage: string;
  kubernetesVersion: string;
  capacity: Needs | undefined;
  settings: ClusterSettingsSeen;
};

export type ClusterSettingsSeen = {
  namespacePrefix: string;
  cpuLimit: string;
  memoryLimit: string;
  clusterWideObjectsForbidden: boolean;
  baseDomain: string;
};

/** What the installer asks clusters. */
export type Clusters = {
  candidates(clusterIds: string[], regionId: string): Promise<CandidateSeen[]>;
  kubeconfig(clusterId: string): Promise<string>;
};
