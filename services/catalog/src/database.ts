// The tables of the schema `catalog`, as kysely sees them. int8 arrives as text.
import type { ColumnType, Generated, JSONColumnType, Selectable } from 'kysely';

/** A JSON object. */
export type JsonObject = { [key: string]: unknown };
type Json<T extends object> = JSONColumnType<T>;
type NullableJson<T extends object> = ColumnType<T | null, string | null, string | null>;
type Version = ColumnType<string, never, unknown>;

/** What RUNNING waits for where a source says so. */
export type WaitForKind = 'api_services' | 'custom_resources' | 'webhooks';

/** A source of a template. The alias is given once and never changes. */
export type StoredSource = {
  id: string;
  alias: string;
  kind: 'helm_chart';
  repoUrl: string;
  /** May be empty with a path. */
  chart: string;
  /** A version, a range, or nothing for the newest; with a path a branch, a tag, a commit or nothing. */
  version: string;
  /** The folder of the chart, when the repository is a Git repository. */
  path?: string;
  values: JsonObject;
  /** What tools noted about it. */
  metadata?: JsonObject;
  /** In one order; absent: nothing. */
  waitFor?: WaitForKind[];
};

export type PodSecurity = 'baseline' | 'restricted' | 'privileged';
export type RegistryProxyMode = 'auto' | 'always' | 'never';

type TemplateTable = {
  id: string;
  workspace_id: string;
  name: string;
  sources: Json<StoredSource[]>;
  pod_security: PodSecurity;
  registry_proxy_mode: RegistryProxyMode;
  latest_package_id: string | null;
  version: Version;
  create_time: Generated<Date>;
  update_time: Generated<Date>;
};

export type PackageState = 'queued' | 'resolving' | 'bundling' | 'verifying' | 'ready' | 'failed';
export type VersionBump = 'patch' | 'minor' | 'major';

/** A chart that a build needs: a source, or what a source's chart depends on. */
export type Part = {
  /** The alias of the source, then the names of the dependencies that lead here: `shop/redis`. */
  key: string;
  sourceId: string;
  repoUrl: string;
  chart: string;
  /** As of the source. */
  path?: string;
  wanted: string;
  resolved?: { version: string; url: string; digest?: string };
  /** Digest of what was fetched; its bytes are in package_archive. */
  fetched?: string;
};

export type ResolvedSource = {
  sourceId: string;
  alias: string;
  version: string;
  digest: string;
  url: string;
  waitFor?: WaitForKind[];
};
export type PackageKind = { apiVersion: string; kind: string; clusterWide: boolean; count: number };
export type GeneratedField = { apiVersion: string; kind: string; name: string; pointer: string };
export type ResourceNeeds = { cpuMillis: number; memoryBytes: number; pods: number };

type PackageTable = {
  id: string;
  workspace_id: string;
  template_id: string;
  /** The template's sources when the build was asked for. */
  sources: Json<StoredSource[]>;
  bump: VersionBump;
  state: PackageState;
  state_message: Generated<string>;
  /** Set for a build that came out like a package that was there: it has that one's version. */
  same_as_id: string | null;
  semantic_version: string | null;
  parts: Json<Part[]>;
  digest: string | null;
  size_bytes: number | null;
  resolved: Json<ResolvedSource[]>;
  images: Json<string[]>;
  kinds: Json<PackageKind[]>;
  generated_fields: Json<GeneratedField[]>;
  needs: NullableJson<ResourceNeeds>;
  values_schema: NullableJson<JsonObject>;
  values: NullableJson<JsonObject>;
  kubernetes_version_range: Generated<string>;
  traceparent: string | null;
  version: Version;
  create_time: Generated<Date>;
  update_time: Generated<Date>;
};

/** What a build has fetched so far; removed when it ends. */
type PackageArchiveTable = {
  package_id: string;
  workspace_id: string;
  part_key: string;
  bytes: Buffer;
};

type PackageLogTable = {
  package_id: string;
  workspace_id: string;
  line_number: Generated<string>;
  time: Generated<Date>;
  line: string;
};

type ArtifactTable = { digest: string; bytes: Buffer; create_time: Generated<Date> };

export type Visibility = 'private' | 'unlisted' | 'public';
export type ProductState = 'active' | 'retired';
export type UpdatePolicy = 'manual' | 'patch' | 'all';
export type InputFill = 'buyer' | 'host' | 'password' | 'seats' | 'install_id' | 'namespace';

export type ProductInput = {
  name: string;
  sourceAlias: string;
  path: string;
  schema: JsonObject;
  required: boolean;
  secret: boolean;
  fill: InputFill;
  group: string;
};
export type ProductOutput = {
  title: string;
  from: { case: 'text' | 'secretKey'; value: string };
  secret: boolean;
};
export type ProductLink = { title: string; url: string };

type ProductTable = {
  id: string;
  workspace_id: string;
  name: string;
  description: string;
  image_url: string;
  template_id: string;
  cluster_ids: string[];
  stripe_price_ids: string[];
  values: Json<JsonObject>;
  trial_days: number;
  documentation: string;
  links: Json<ProductLink[]>;
  inputs: Json<ProductInput[]>;
  outputs: Json<ProductOutput[]>;
  show_sources: boolean;
  update_policy: UpdatePolicy;
  visibility: Visibility;
  tier_group: string;
  health_deadline_ms: number | null;
  retain_volumes_days: number;
  owner_logs_off: boolean;
  owner_exec_on: boolean;
  state: ProductState;
  input_schema: Json<JsonObject>;
  /** Of name and description, for the search. */
  words: string[];
  version: Version;
  create_time: Generated<Date>;
  update_time: Generated<Date>;
};

type RegistryCredentialTable = {
  id: string;
  workspace_id: string;
  name: string;
  registry_url: string;
  /** Host and port that images name, such as `ghcr.io`; Docker Hub is `docker.io`. */
  registry_host: string;
  type: 'basic' | 'token' | 'oauth';
  /** For an OAuth client its id. */
  username: string;
  secret: Buffer;
  /** Where an OAuth client gets its tokens; empty: id and secret are user name and password themselves. */
  token_url: Generated<string>;
  /** The user name that goes with such a token; empty: the usual one. */
  token_username: Generated<string>;
  is_active: Generated<boolean>;
  last_use_time: Date | null;
  create_time: Generated<Date>;
};

// Read models: what others own, as their facts told it. `version` is the resource's own; an older fact is dropped.
type RegionTable = {
  id: string;
  workspace_id: string;
  name: string;
  icon: string;
  country: string;
  deleted: boolean;
  version: string;
};
type ClusterTable = {
  id: string;
  workspace_id: string;
  region_id: string;
  running: boolean;
  deleted: boolean;
  version: string;
  refresh_time: Date;
};
type PriceTable = {
  id: string;
  workspace_id: string;
  label: string;
  kind: 'one_time' | 'recurring' | 'per_seat' | 'metered';
  currency: string;
  unit_amount: string;
  interval: string;
  interval_count: number;
  active: boolean;
  version: string;
  refresh_time: Date;
};
type SellerTable = {
  workspace_id: string;
  charges_enabled: boolean;
  version: string;
  refresh_time: Date;
};

export type CatalogDatabase = {
  template: TemplateTable;
  package: PackageTable;
  package_archive: PackageArchiveTable;
  package_log: PackageLogTable;
  artifact: ArtifactTable;
  product: ProductTable;
  registry_credential: RegistryCredentialTable;
  region: RegionTable;
  cluster: ClusterTable;
  price: PriceTable;
  seller: SellerTable;
};

export type TemplateRow = Selectable<TemplateTable>;
export type PackageRow = Selectable<PackageTable>;
export type ProductRow = Selectable<ProductTable>;
export type RegistryCredentialRow = Selectable<RegistryCredentialTable>;
export type RegionRow = Selectable<RegionTable>;
export type ClusterRow = Selectable<ClusterTable>;
export type PriceRow = Selectable<PriceTable>;
export type SellerRow = Selectable<SellerTable>;
