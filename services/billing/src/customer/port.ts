/** Whom Stripe knows as the customer: the owner of the buyer's workspace. */
export type Owner = { userId: string; email: string; name: string };

/** Customers of a seller's account. */
export type Customers = {
  /** Finds the customer of a workspace; Stripe's search sees writes with a delay of up to a minute. */
  find(accountId: string, workspaceId: string): Promise<string | undefined>;
  create(accountId: string, workspaceId: string, owner: Owner): Promise<string>;
  update(accountId: string, customerId: string, workspaceId: string, owner: Owner): Promise<void>;
};

/** Who owns a workspace. */
export type Owners = { ownerOf(workspaceId: string): Promise<Owner> };
