import type { Account } from './resources/account.ts';
import type { ApplicationFee } from './resources/application-fee.ts';
import type { BalanceTransaction } from './resources/balance-transaction.ts';
import type { Charge } from './resources/charge.ts';
import type { CheckoutSession, SessionPlan } from './resources/checkout-session.ts';
import type { Customer } from './resources/customer.ts';
import type { Dispute } from './resources/dispute.ts';
import type { Event } from './resources/event.ts';
import type { Invoice } from './resources/invoice.ts';
import type { InvoicePayment } from './resources/invoice-payment.ts';
import type { PaymentIntent } from './resources/payment-intent.ts';
import type { PaymentMethod } from './resources/payment-method.ts';
import type { PortalSession } from './resources/portal-session.ts';
import type { Price } from './resources/price.ts';
import type { Product } from './resources/product.ts';
import type { Refund } from './resources/refund.ts';
import type { Subscription } from './resources/subscription.ts';
import type { SubscriptionBook } from './resources/subscription-book.ts';
import type { Store, Table } from './store.ts';

/** A stored object, as Stripe answers it. References to others are their ids. */
export interface StripeObject {
  id: string;
  object: string;
  [field: string]: unknown;
}

/** A page that only somebody with its address can open. */
export interface PageToken {
  id: string;
  kind: 'onboarding' | 'portal';
  ref: string;
  returnUrl: string | null;
  refreshUrl: string | null;
  expiresAt: number;
}

export function openTables(store: Store) {
  const of = <T extends { id: string }>(name: string): Table<T> => store.table<T>(name);
  return {
    account: of<Account>('account'),
    product: of<Product>('product'),
    price: of<Price>('price'),
    customer: of<Customer>('customer'),
    paymentMethod: of<PaymentMethod>('payment_method'),
    session: of<CheckoutSession>('checkout.session'),
    sessionPlan: of<SessionPlan>('session_plan'),
    paymentIntent: of<PaymentIntent>('payment_intent'),
    charge: of<Charge>('charge'),
    refund: of<Refund>('refund'),
    applicationFee: of<ApplicationFee>('application_fee'),
    balanceTransaction: of<BalanceTransaction>('balance_transaction'),
    subscription: of<Subscription>('subscription'),
    subscriptionBook: of<SubscriptionBook>('subscription_book'),
    invoice: of<Invoice>('invoice'),
    invoicePayment: of<InvoicePayment>('invoice_payment'),
    portalSession: of<PortalSession>('billing_portal.session'),
    dispute: of<Dispute>('dispute'),
    event: of<Event>('event'),
    pageToken: of<PageToken>('page_token'),
  };
}

export type Tables = ReturnType<typeof openTables>;

/** Which table an id belongs to, by its prefix: for `expand`. */
export const tableByPrefix = {
  acct: 'account',
  prod: 'product',
  price: 'price',
  cus: 'customer',
  pm: 'paymentMethod',
  cs: 'session',
  pi: 'paymentIntent',
  ch: 'charge',
  re: 'refund',
  fee: 'applicationFee',
  txn: 'balanceTransaction',
  sub: 'subscription',
  in: 'invoice',
  inpay: 'invoicePayment',
  dp: 'dispute',
} as const satisfies Record<string, keyof Tables>;
