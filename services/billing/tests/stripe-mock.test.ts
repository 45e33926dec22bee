// Every request of our adapter against Stripe's own stripe-mock, which checks them by Stripe's OpenAPI document.
import { expect, test } from 'vitest';
import type { NewSession } from '../src/checkout/port.ts';
import type { MoneyRef } from '../src/order/port.ts';
import { stripeAccounts } from '../src/stripe/accounts.ts';
import { createStripeClient } from '../src/stripe/client.ts';
import { stripeCustomers } from '../src/stripe/customers.ts';
import { stripeMoney } from '../src/stripe/money.ts';
import { stripePrices } from '../src/stripe/prices.ts';
import { stripeSessions } from '../src/stripe/sessions.ts';
import { stripeWebhooks } from '../src/stripe/webhooks.ts';

// Such as http://127.0.0.1:12111; github.com/stripe/stripe-mock@v0.203.0 speaks the API version of our SDK.
const url = process.env['CNAP_STRIPE_MOCK_URL'];
if (!url) process.stderr.write('skipped against stripe-mock: set CNAP_STRIPE_MOCK_URL\n');

const client = createStripeClient({
  secretKey: 'sk_test_123',
  apiUrl: url ?? 'http://127.0.0.1:1',
  externalCalls: (_name, call) => call(),
});
const accountId = 'acct_1032D82eZvKYlo2C';
const ref: MoneyRef = {
  orderId: 'ord_1',
  attempt: 1,
  accountId,
  sessionId: 'cs_test_1',
  paymentIntentId: 'pi_1',
  subscriptionId: 'sub_1',
};
const newSession: NewSession = {
  accountId,
  orderId: 'ord_1',
  mode: 'one-time',
  customerId: 'cus_1',
  lines: [{ priceId: 'price_1', quantity: 1 }],
  feeAmount: 100,
  feePercent: 5,
  trialDays: 14,
  successUrl: 'https://cnap.example/orders/ord_1',
  cancelUrl: 'https://cnap.example/orders/ord_1',
  metadata: { orderId: 'ord_1' },
};
const charge = { id: 'ch_1', captured: 1, refunded: 0, hasFee: true, dispute: 'none', covers: [] } as const;
const owner = { userId: 'usr_1', email: 'bo@example.test', name: 'Bo' };

const accounts = stripeAccounts(client);
const customers = stripeCustomers(client);
const money = stripeMoney(client);
const prices = stripePrices(client);
const sessions = stripeSessions(client);

const requests: Record<string, () => Promise<unknown>> = {
  'accounts.create': () => accounts.create('ws_1'),
  'accounts.list': () => accounts.findFor('ws_1', new Date()),
  'accounts.retrieve': () => accounts.read(accountId),
  'accountLinks.create': () =>
    accounts.onboardingLink(accountId, { returnUrl: 'https://a.example', refreshUrl: 'https://a.example' }),
  'prices.list': () => prices.list(accountId, { size: 10, after: 'price_0' }),
  'prices.retrieve': () => prices.read(accountId, 'price_1'),
  'customers.search': () => customers.find(accountId, 'ws_1'),
  'customers.create': () => customers.create(accountId, 'ws_1', owner),
  'customers.update': () => customers.update(accountId, 'cus_1', 'ws_1', owner),
  'checkout.sessions.create': () => sessions.create(newSession),
  'checkout.sessions.create of a subscription': () =>
    sessions.create({
      ...newSession,
      mode: 'subscription',
      lines: [{ priceId: 'price_1', quantity: undefined }],
    }),
  'checkout.sessions.list': () => sessions.findFor(accountId, 'cus_1', 'ord_1'),
  'checkout.sessions.retrieve': () => money.readCheckout(ref),
  'checkout.sessions.expire': () => client.sdk.checkout.sessions.expire('cs_test_1'),
  'paymentIntents.retrieve': () => money.readPayment(ref),
  'paymentIntents.capture': () => money.capture(ref),
  'paymentIntents.cancel': () => money.release(ref),
  'refunds.create': () => money.refund(ref, charge),
  'subscriptions.retrieve': () => money.readSubscription(ref),
  'subscriptions.cancel': () => money.cancelSubscription(ref),
  'subscriptions.update': () => money.cancelSubscriptionAtPeriodEnd(ref),
  'disputes.list': () => client.sdk.disputes.list({ charge: 'ch_1', limit: 1 }),
  'invoicePayments.list': () => stripeWebhooks(client, []).ownerOfPayment(accountId, 'pi_1'),
  'billingPortal.sessions.create': () => money.portal(accountId, 'cus_1', 'https://cnap.example'),
};

test.skipIf(!url).each(Object.entries(requests))('%s', async (_name, request) => {
  await expect(request()).resolves.not.toThrow();
});
