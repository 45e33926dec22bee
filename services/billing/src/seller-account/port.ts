/** What Stripe says about an account. */
export type AccountSeen = {
  id: string;
  chargesEnabled: boolean;
  payoutsEnabled: boolean;
  detailsSubmitted: boolean;
};

/** Connected accounts, as this resource needs them. */
export type Accounts = {
  /** Makes a workspace's account; the same workspace gets the same account for as long as Stripe keeps the key. */
  create(workspaceId: string): Promise<AccountSeen>;
  /** Finds the account that was made for a workspace since a moment, when it is not known whether it was. */
  findFor(workspaceId: string, since: Date): Promise<AccountSeen | undefined>;
  /** Reads an account; undefined when it is no longer connected to the platform. */
  read(accountId: string): Promise<AccountSeen | undefined>;
  /** A link under which the seller fills in what Stripe asks for; usable once. */
  onboardingLink(accountId: string, urls: { returnUrl: string; refreshUrl: string }): Promise<string>;
};
