/** How a price is charged. */
export type PriceKind = 'one-time' | 'recurring' | 'per-seat' | 'metered';

/** A price as Stripe has it. */
export type PriceSeen = {
  id: string;
  /** The Stripe product it belongs to. */
  stripeProductId: string;
  label: string;
  kind: PriceKind;
  currency: string;
  /** In the currency's smallest unit; undefined where it is not one fixed amount (tiers, pay what you want). */
  unitAmount: number | undefined;
  interval: string;
  intervalCount: number;
  active: boolean;
};

/** Prices, as this resource needs them. */
export type Prices = {
  /** One page of the active prices. */
  list(
    accountId: string,
    page: { size: number; after?: string },
  ): Promise<{ prices: PriceSeen[]; more: boolean }>;
  /** One price; undefined when there is none. */
  read(accountId: string, priceId: string): Promise<PriceSeen | undefined>;
};
