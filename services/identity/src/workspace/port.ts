/** One attempt to delete a workspace. */
export type Closing = { id: string; workspaceId: string };

/** The services whose resources keep a workspace from being deleted. */
export type Holders = {
  /**
   * Makes them create nothing more in the workspace, unless something of it is there.
   * @returns words such as "2 clusters"; none: it is empty, and stays so
   */
  close(closing: Closing): Promise<string[]>;
  /** Gives a closing up; also what of it is still under way. */
  reopen(closing: Closing): Promise<void>;
};
