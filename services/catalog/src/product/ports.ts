/** A cluster of somebody, as far as products go. */
export type KnownCluster = {
  id: string;
  workspaceId: string;
  regionId: string;
  regionName: string;
  running: boolean;
};

/** Where installs can run; the clusters service knows. */
export type ClusterDirectory = {
  /** Those that exist. */
  clusters(ids: string[], signal: AbortSignal): Promise<KnownCluster[]>;
};

export type KnownPrice = {
  id: string;
  label: string;
  kind: 'one_time' | 'recurring' | 'per_seat' | 'metered';
  currency: string;
  unitAmount: bigint;
  interval: string;
  intervalCount: number;
  active: boolean;
};

/** A seller's prices; `undefined` is a seller without a Stripe account. */
export type PriceDirectory = {
  /** Those that exist. */
  prices(
    workspaceId: string,
    ids: string[],
    signal: AbortSignal,
  ): Promise<{ prices: KnownPrice[]; chargesEnabled: boolean } | undefined>;
};
