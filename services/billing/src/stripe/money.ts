import type { Stripe } from 'stripe';
import type { ChargeSeen, Money, MoneyRef, MoneySeen } from '../order/port.ts';
import { onAccount, type StripeClient } from './client.ts';
import { isMissing, isRefusal } from './errors.ts';
import { chargeSeen, coversOf, paymentSeen, sessionSeen, subscriptionSeen } from './seen.ts';

/**
 * Stripe keeps what it answered to a key for a day, errors of its own included
 * (https://docs.stripe.com/api/idempotent_requests). After some failures another key is used: as the money is read
 * before each try, and Stripe refuses to capture, release or refund twice, nothing happens twice.
 */
const keyOf = ({ orderId, attempt }: MoneyRef, verb: string): string =>
  attempt <= 3 ? `${orderId}:${verb}` : `${orderId}:${verb}:${attempt}`;

/** The money of orders: holds, captures, refunds, subscriptions. */
export function stripeMoney(client: StripeClient): Money {
  const { sdk, call } = client;
  const key = (ref: MoneyRef, verb: string) => onAccount(ref.accountId, keyOf(ref, verb));

  const withDispute = async (
    ref: MoneyRef,
    charge: Stripe.Charge,
    covers: ChargeSeen['covers'] = [],
  ): Promise<ChargeSeen> => {
    if (!charge.disputed) return chargeSeen(charge, undefined, covers);
    const disputes = await call('disputes.list', () =>
      sdk.disputes.list({ charge: charge.id, limit: 1 }, onAccount(ref.accountId)),
    );
    return chargeSeen(charge, disputes.data[0], covers);
  };

  /** An invoice comes with ten of its lines. */
  const linesOf = async (ref: MoneyRef, { id = '', lines }: Stripe.Invoice) =>
    lines.has_more
      ? call('invoices.listLineItems', () =>
          sdk.invoices
            .listLineItems(id, { limit: 100 }, onAccount(ref.accountId))
            .autoPagingToArray({ limit: 1_000 }),
        )
      : lines.data;

  /** Charges of all paid invoices; an invoice knows its payments, a payment its charge. */
  const chargesOf = async (ref: MoneyRef, subscription: string): Promise<ChargeSeen[]> => {
    const charges: ChargeSeen[] = [];
    const invoices = await call('invoices.list', () =>
      sdk.invoices
        .list({ subscription, status: 'paid', limit: 100 }, onAccount(ref.accountId))
        .autoPagingToArray({ limit: 10_000 }),
    );
    for (const invoice of invoices.filter(({ amount_paid }) => amount_paid > 0)) {
      const payments = await call('invoicePayments.list', () =>
        sdk.invoicePayments.list(
          {
            invoice: invoice.id ?? '',
            status: 'paid',
            expand: ['data.payment.payment_intent.latest_charge'],
          },
          onAccount(ref.accountId),
        ),
      );
      const covers = coversOf(await linesOf(ref, invoice));
      for (const { payment } of payments.data) {
        const intent = payment.payment_intent;
        const charge = typeof intent === 'object' ? intent.latest_charge : undefined;
        if (typeof charge === 'object' && charge !== null) {
          charges.push(await withDispute(ref, charge, covers));
        }
      }
    }
    return charges;
  };

  return {
    async readCheckout(ref): Promise<MoneySeen> {
      const { sessionId } = ref;
      if (sessionId === undefined) return {};
      const session = await call('checkout.sessions.retrieve', () =>
        sdk.checkout.sessions.retrieve(
          sessionId,
          { expand: ['payment_intent.latest_charge', 'subscription.latest_invoice'] },
          onAccount(ref.accountId),
        ),
      );
      return {
        session: sessionSeen(session),
        ...(typeof session.payment_intent === 'object' && session.payment_intent !== null
          ? { payment: paymentSeen(session.payment_intent, undefined) }
          : {}),
        ...(typeof session.subscription === 'object' && session.subscription !== null
          ? { subscription: subscriptionSeen(session.subscription, []) }
          : {}),
      };
    },

    async readPayment(ref) {
      const { paymentIntentId } = ref;
      if (paymentIntentId === undefined) return {};
      const intent = await call('paymentIntents.retrieve', () =>
        sdk.paymentIntents.retrieve(paymentIntentId, { expand: ['latest_charge'] }, onAccount(ref.accountId)),
      );
      const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
      return { payment: paymentSeen(intent, charge === null ? undefined : await withDispute(ref, charge)) };
    },

    async readSubscription(ref) {
      const { subscriptionId } = ref;
      if (subscriptionId === undefined) return {};
      const subscription = await call('subscriptions.retrieve', () =>
        sdk.subscriptions.retrieve(subscriptionId, { expand: ['latest_invoice'] }, onAccount(ref.accountId)),
      );
      return { subscription: subscriptionSeen(subscription, await chargesOf(ref, subscriptionId)) };
    },

    async expireSession(ref) {
      const { sessionId } = ref;
      if (sessionId === undefined) return;
      try {
        await call('checkout.sessions.expire', () =>
          sdk.checkout.sessions.expire(sessionId, {}, key(ref, 'expire')),
        );
      } catch (error) {
        // It was paid, or expired, a moment ago: the next look says which.
        if (!isRefusal(error)) throw error;
      }
    },

    async capture(ref) {
      const { paymentIntentId } = ref;
      if (paymentIntentId === undefined) return;
      await call('paymentIntents.capture', () =>
        sdk.paymentIntents.capture(paymentIntentId, {}, key(ref, 'capture')),
      );
    },

    async release(ref) {
      const { paymentIntentId } = ref;
      if (paymentIntentId === undefined) return;
      await call('paymentIntents.cancel', () =>
        sdk.paymentIntents.cancel(paymentIntentId, {}, key(ref, 'release')),
      );
    },

    async refund(ref, charge, amount) {
      await call('refunds.create', () =>
        sdk.refunds.create(
          {
            charge: charge.id,
            ...(amount === undefined ? {} : { amount }),
            metadata: { orderId: ref.orderId },
            ...(charge.hasFee ? { refund_application_fee: true } : {}),
          },
          key(ref, `refund:${charge.id}`),
        ),
      );
    },

    async cancelSubscription(ref) {
      const { subscriptionId } = ref;
      if (subscriptionId === undefined) return;
      try {
        // A DELETE, which needs no key: it has no second effect.
        await call('subscriptions.cancel', () =>
          sdk.subscriptions.cancel(subscriptionId, {}, onAccount(ref.accountId)),
        );
      } catch (error) {
        if (!isMissing(error)) throw error; // cancelled already
      }
    },

    async cancelSubscriptionAtPeriodEnd(ref) {
      const { subscriptionId } = ref;
      if (subscriptionId === undefined) return;
      await call('subscriptions.update', () =>
        sdk.subscriptions.update(subscriptionId, { cancel_at_period_end: true }, onAccount(ref.accountId)),
      );
    },

    async portal(accountId, customer, returnUrl) {
      const session = await call('billingPortal.sessions.create', () =>
        sdk.billingPortal.sessions.create({ customer, return_url: returnUrl }, onAccount(accountId)),
      );
      return session.url;
    },
  };
}
