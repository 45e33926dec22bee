import type { Struct } from '../checkout/struct.ts';

/** Amounts are in the currency's smallest unit. */
export type ChargeSeen = {
  id: string;
  captured: number;
  refunded: number;
  /** The platform took a fee of it, which a refund gives back. */
  hasFee: boolean;
  dispute: 'none' | 'open' | 'won' | 'lost';
  /** What it pays for, by period; without taxes and discounts. Only what was bought at once has no length. */
  covers: readonly { amount: number; from: Date; until: Date }[];
};

export type SessionSeen = {
  status: 'open' | 'complete' | 'expired';
  /** False while the money is held, or on its way. */
  settled: boolean;
  amountTotal: number | undefined;
  paymentIntentId: string | undefined;
  subscriptionId: string | undefined;
};

export type PaymentSeen = {
  /** https://docs.stripe.com/payments/paymentintents/lifecycle */
  status: 'requires_capture' | 'succeeded' | 'canceled' | 'processing' | 'requires_payment_method' | 'other';
  received: number;
  /** When the money was held. */
  heldSince: Date | undefined;
  charge: ChargeSeen | undefined;
};

export type SubscriptionSeen = {
  /** https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses */
  status:
    | 'incomplete'
    | 'trialing'
    | 'active'
    | 'past_due'
    | 'unpaid'
    | 'paused'
    | 'canceled'
    | 'incomplete_expired';
  /** The newest invoice is paid, or nothing was due. */
  invoicePaid: boolean;
  /** The newest invoice, if it is not paid. */
  unpaidInvoiceId: string | undefined;
  /** Stripe tries the newest invoice no more. */
  retriesOver: boolean;
  /** When it ends, if it was cancelled at the period's end. */
  endsAt: Date | undefined;
  /** Of all its paid invoices, newest first; empty where they were not asked for. */
  charges: ChargeSeen[];
};

/** What Stripe says about the money of an order. */
export type MoneySeen = {
  session?: SessionSeen;
  payment?: PaymentSeen;
  subscription?: SubscriptionSeen;
};

/** Where an order's money is at Stripe. */
export type MoneyRef = {
  orderId: string;
  /** Which try this is, from 1; those before it failed. */
  attempt: number;
  accountId: string;
  sessionId: string | undefined;
  paymentIntentId: string | undefined;
  subscriptionId: string | undefined;
};

/** The money of orders. Every change carries the key `<order id>:<verb>`; callers read the money before. */
export type Money = {
  /** The session with what came of it. */
  readCheckout(ref: MoneyRef): Promise<MoneySeen>;
  readPayment(ref: MoneyRef): Promise<MoneySeen>;
  /** The subscription with the charges of all its paid invoices. */
  readSubscription(ref: MoneyRef): Promise<MoneySeen>;
  /** Ends a session that is open; one that is not stays as it is. */
  expireSession(ref: MoneyRef): Promise<void>;
  /** @throws DomainError STRIPE_REFUSED when it can never be captured */
  capture(ref: MoneyRef): Promise<void>;
  /** Releases the hold. */
  release(ref: MoneyRef): Promise<void>;
  /** Gives a charge back, in full unless told, with the platform's fee in proportion. */
  refund(ref: MoneyRef, charge: ChargeSeen, amount?: number): Promise<void>;
  cancelSubscription(ref: MoneyRef): Promise<void>;
  cancelSubscriptionAtPeriodEnd(ref: MoneyRef): Promise<void>;
  /** A link to the customer portal. */
  portal(accountId: string, customerId: string, returnUrl: string): Promise<string>;
};

export type InstallSeen = {
  id: string;
  /** Detached: its cluster is forgotten. */
  phase: 'underway' | 'healthy' | 'failed' | 'gone' | 'detached';
  reason: string;
  message: string;
};

/** The install of an order, which the installer owns. */
export type Installs = {
  /**
   * Makes sure the order has its install, and says how it is.
   * @throws DomainError of another kind than unavailable when it never can have one
   */
  ensure(order: {
    orderId: string;
    idempotencyKey: string;
    workspaceId: string;
    sellerWorkspaceId: string;
    productId: string;
    regionId: string;
    inputs: Struct;
    quantity: number;
    name: string;
  }): Promise<InstallSeen>;
  /** Puts it to sleep, or wakes it, as this version of the order says; what an older one said comes too late. */
  hibernate(orderId: string, orderVersion: bigint): Promise<void>;
  revive(orderId: string, orderVersion: bigint): Promise<void>;
  /** Makes sure that it goes away, or never comes; says whether nothing is left. */
  end(orderId: string, reason: string): Promise<{ gone: boolean }>;
};
