/** What keeps a cluster from being deleted, as the installer knows it. */
export type ClusterUsage = { ofCluster(clusterId: string): Promise<{ count: number; exampleIds: string[] }> };
