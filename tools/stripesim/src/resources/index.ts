import type { Route } from '../route.ts';
import { accountLinkRoutes } from './account-link.ts';
import { accountRoutes } from './account.ts';
import { applicationFeeRoutes } from './application-fee.ts';
import { balanceTransactionRoutes } from './balance-transaction.ts';
import { chargeRoutes } from './charge.ts';
import { checkoutSessionRoutes } from './checkout-session.ts';
import { customerRoutes } from './customer.ts';
import { disputeRoutes } from './dispute.ts';
import { eventRoutes } from './event.ts';
import { invoicePaymentRoutes } from './invoice-payment.ts';
import { invoiceRoutes } from './invoice.ts';
import { paymentIntentRoutes } from './payment-intent.ts';
import { paymentMethodRoutes } from './payment-method.ts';
import { portalSessionRoutes } from './portal-session.ts';
import { priceRoutes } from './price.ts';
import { productRoutes } from './product.ts';
import { refundRoutes } from './refund.ts';
import { subscriptionItemRoutes } from './subscription-item.ts';
import { subscriptionRoutes } from './subscription.ts';

/** Every request of Stripe's API that stripesim knows. Earlier ones win: `/search` before `/:id`. */
export const routes: readonly Route[] = [
  ...accountRoutes,
  ...accountLinkRoutes,
  ...applicationFeeRoutes,
  ...balanceTransactionRoutes,
  ...chargeRoutes,
  ...checkoutSessionRoutes,
  ...customerRoutes,
  ...disputeRoutes,
  ...eventRoutes,
  ...invoicePaymentRoutes,
  ...invoiceRoutes,
  ...paymentIntentRoutes,
  ...paymentMethodRoutes,
  ...portalSessionRoutes,
  ...priceRoutes,
  ...productRoutes,
  ...refundRoutes,
  ...subscriptionItemRoutes,
  ...subscriptionRoutes,
];
