/** What keeps a workspace from being deleted, as other services know it. */
export type WorkspaceUsage = {
  /** Words such as "2 clusters"; none: it is empty. */
  ofWorkspace(workspaceId: string): Promise<string[]>;
};
