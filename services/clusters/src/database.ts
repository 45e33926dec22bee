import type { Database as OpenDatabase, Tx as OpenTx } from '@cnap/postgres';
import type { ColumnType, JSONColumnType, Selectable } from 'kysely';

type CreatedAt = ColumnType<Date, never, never>;
type UpdatedAt = ColumnType<Date, never, Date>;
type Version = ColumnType<string, never, unknown>;

type RegionsTable = {
  id: string;
  workspace_id: string;
  name: string;
  icon: string;
  country: string;
  version: Version;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

/** How installs are made on a cluster; stored as it is. */
export type SettingsColumn = {
  namespacePrefix: string;
  cpuLimit: string;
  memoryLimit: string;
  clusterWideObjectsForbidden: boolean;
  baseDomain: string;
  monitoring: boolean;
};

/** Room as it was last observed, and what others take of it; bytes fit a double up to 9 PB. */
export type CapacityColumn = {
  cpuMillis: number;
  memoryBytes: number;
  pods: number;
  nodes: number;
  foreign?: { cpuMillis: number; memoryBytes: number; pods: number };
};

export type ClusterStateName = 'running' | 'unreachable' | 'error' | 'deleting';

type ClustersTable = {
  id: string;
  workspace_id: string;
  region_id: string;
  name: string;
  kind: 'managed' | 'imported';
  state: ClusterStateName;
  state_reason: string;
  state_message: string;
  server: string;
  kubernetes_version: string;
  cluster_uid: string;
  sealed_kubeconfig: Uint8Array;
  kubeconfig_revision: string;
  settings: JSONColumnType<SettingsColumn>;
  capacity: JSONColumnType<CapacityColumn> | null;
  capacity_at: Date | null;
  observed_at: Date | null;
  failing_since: Date | null;
  traceparent: string | null;
  version: Version;
  created_at: CreatedAt;
  updated_at: UpdatedAt;
};

/** The tables of clusters' schema. */
export type Tables = { regions: RegionsTable; clusters: ClustersTable };

export type Database = OpenDatabase<Tables>;
export type Tx = OpenTx<Tables>;
export type RegionRow = Selectable<RegionsTable>;
export type ClusterRow = Selectable<ClustersTable>;
