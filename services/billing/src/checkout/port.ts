import type { Struct } from './struct.ts';

/** What of a product a checkout needs to know. */
export type ProductSeen = {
  id: string;
  workspaceId: string;
  name: string;
  templateId: string;
  priceIds: string[];
  trialDays: number;
  /** Only the seller's members see it. */
  hidden: boolean;
  retired: boolean;
  /** Its template has a package that can be installed. */
  built: boolean;
  inputSchema: Struct | undefined;
};

export type Products = { read(productId: string): Promise<ProductSeen | undefined> };

export type FitSeen = { offered: boolean; fits: boolean; reason: string; message: string };

export type Placements = { checkFit(productId: string, regionId: string): Promise<FitSeen | undefined> };

/** A Checkout Session to be made; https://docs.stripe.com/api/checkout/sessions/create */
export type NewSession = {
  accountId: string;
  orderId: string;
  mode: 'one-time' | 'subscription';
  customerId: string;
  /** Metered prices have no quantity. */
  lines: { priceId: string; quantity: number | undefined }[];
  /** Of the total, in the currency's smallest unit; one-time orders. */
  feeAmount: number;
  /** Of every invoice; subscriptions. */
  feePercent: number;
  trialDays: number;
  successUrl: string;
  cancelUrl: string;
  metadata: Record<string, string>;
};

export type SessionMade = { id: string; url: string; amountTotal: number | undefined };

export type Sessions = {
  create(session: NewSession): Promise<SessionMade>;
  /** The session that was made for an order, when it is not known whether it was. */
  findFor(accountId: string, customerId: string, orderId: string): Promise<SessionMade | undefined>;
};
