import type { ColumnType, Generated, JSONColumnType, Selectable } from 'kysely';
import type { PaymentLine } from './checkout/pricing.ts';
import type { InstallSleep, OrderState } from './order/step.ts';
import type { PriceKind } from './price/port.ts';

/** int8 comes as text, as it may exceed what a number holds exactly. */
type Int8 = ColumnType<string, number, number>;
/** With a default of 0. */
type Counter = ColumnType<string, number | undefined, number>;
type Time = ColumnType<Date, Date | undefined, Date>;

export interface SellerAccountTable {
  workspace_id: string;
  /** Null until Stripe has answered: the row is there before the account is. */
  stripe_account_id: string | null;
  charges_enabled: boolean;
  payouts_enabled: boolean;
  details_submitted: boolean;
  version: Int8;
  traceparent: string | null;
  create_time: Time;
  /** When it was last read from Stripe. */
  read_time: Time;
}

/** What is known of a seller's prices: Stripe's own answer, kept. */
export interface PriceTable {
  stripe_account_id: string;
  stripe_price_id: string;
  workspace_id: string;
  stripe_product_id: string;
  label: string;
  kind: PriceKind;
  currency: string;
  unit_amount: ColumnType<string | null, number | null, number | null>;
  interval: string;
  interval_count: number;
  active: boolean;
  deleted: boolean;
  version: Int8;
  read_time: Time;
}

/** Read model of catalog's products: which prices, template and clusters they use. */
export interface ProductTable {
  id: string;
  workspace_id: string;
  name: string;
  template_id: string;
  stripe_price_ids: string[];
  cluster_ids: string[];
  deleted: boolean;
  version: Int8;
}

export interface CustomerTable {
  stripe_account_id: string;
  /** The buyer's. */
  workspace_id: string;
  /** Null until Stripe has answered. */
  stripe_customer_id: string | null;
  user_id: string;
  email: string;
  name: string;
  /** The workspace has another owner now, whom Stripe does not know yet. */
  stale: Generated<boolean>;
  create_time: Time;
}

export interface OrdersTable {
  id: string;
  version: Int8;
  workspace_id: string;
  seller_workspace_id: string;
  user_id: string;
  product_id: string;
  product_name: string;
  template_id: string;
  region_id: string;
  state: OrderState;
  reason: string;
  message: string;
  /** When the state was entered. */
  state_time: Time;
  payment_mode: 'free' | 'one-time' | 'subscription';
  /** The buyer's answers, sealed. */
  inputs: Buffer;
  quantity: number;
  trial_days: number;
  lines: JSONColumnType<PaymentLine[]>;
  fee_percent: ColumnType<string, number, number>;
  amount_total: Int8;
  amount_captured: Counter;
  amount_refunded: Counter;
  currency: string;
  success_url: string;
  cancel_url: string;
  stripe_account_id: string | null;
  stripe_customer_id: string | null;
  stripe_session_id: string | null;
  stripe_payment_intent_id: string | null;
  stripe_subscription_id: string | null;
  checkout_url: Generated<string>;
  /** The event that said it was paid, if one came before the order was found paid. */
  stripe_event_id: string | null;
  install_key: string | null;
  install_id: string | null;
  install_end: Generated<'not-asked' | 'going' | 'gone'>;
  /** What the installer was told last; see `Wanted.installSleep`. */
  install_sleep: Generated<InstallSleep>;
  /** When it was found that the install's cluster is forgotten. */
  detached_time: Date | null;
  cancel: Generated<'no' | 'at-once' | 'at-period-end'>;
  refund: Generated<boolean>;
  /** What both sides were told since the state was entered. */
  announced: Generated<string[]>;
  deadline_time: Date | null;
  end_time: Date | null;
  request_id: string | null;
  request_fingerprint: string | null;
  traceparent: string | null;
  create_time: Time;
  update_time: Time;
}

/** Every state an order has entered. */
export interface OrderStepTable {
  order_id: string;
  position: Int8;
  workspace_id: string;
  seller_workspace_id: string;
  state: OrderState;
  reason: string;
  message: string;
  time: Time;
}

/** Stripe's events, each once. Not the payload: objects are read again, and it holds what we need not keep. */
export interface StripeEventTable {
  id: string;
  /** The seller's; null for accounts that are not connected. */
  workspace_id: string | null;
  /** The account it is about; empty for the platform's own. */
  stripe_account_id: string;
  type: string;
  /** Ids by which its order, price or account is found. */
  refs: JSONColumnType<EventRefs>;
  state: 'received' | 'handled' | 'ignored';
  traceparent: string | null;
  create_time: Time;
}

export type EventRefs = {
  objectId?: string;
  orderId?: string;
  sessionId?: string;
  paymentIntentId?: string;
  subscriptionId?: string;
};

/** The schema `billing`. */
export interface BillingTables {
  seller_account: SellerAccountTable;
  price: PriceTable;
  product: ProductTable;
  customer: CustomerTable;
  /** Plural, as `order` is a word of SQL. */
  orders: OrdersTable;
  order_step: OrderStepTable;
  stripe_event: StripeEventTable;
}

export type SellerAccountRow = Selectable<SellerAccountTable>;
export type PriceRow = Selectable<PriceTable>;
export type CustomerRow = Selectable<CustomerTable>;
export type OrderRow = Selectable<OrdersTable>;
export type OrderStepRow = Selectable<OrderStepTable>;
export type StripeEventRow = Selectable<StripeEventTable>;
