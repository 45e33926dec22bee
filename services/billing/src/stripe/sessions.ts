import type { Stripe } from 'stripe';
import type { NewSession, SessionMade, Sessions } from '../checkout/port.ts';
import { onAccount, type StripeClient } from './client.ts';

/** Stripe's pages where buyers pay, as direct charges on the seller's account. */
export function stripeSessions({ sdk, call }: StripeClient): Sessions {
  return {
    create: async (wanted) =>
      made(
        await call('checkout.sessions.create', () =>
          sdk.checkout.sessions.create(
            paramsOf(wanted),
            onAccount(wanted.accountId, `${wanted.orderId}:checkout`),
          ),
        ),
      ),

    findFor: (accountId, customer, orderId) =>
      call('checkout.sessions.list', async () => {
        for await (const session of sdk.checkout.sessions.list(
          { customer, limit: 100 },
          onAccount(accountId),
        )) {
          if (session.client_reference_id === orderId) return made(session);
        }
        return undefined;
      }),
  };
}

const made = (session: Stripe.Checkout.Session): SessionMade => ({
  id: session.id,
  url: session.url ?? '',
  amountTotal: session.amount_total ?? undefined,
});

function paramsOf(wanted: NewSession): Stripe.Checkout.SessionCreateParams {
  const { metadata } = wanted;
  const params: Stripe.Checkout.SessionCreateParams = {
    customer: wanted.customerId,
    client_reference_id: wanted.orderId,
    line_items: wanted.lines.map(({ priceId, quantity }) =>
      quantity === undefined ? { price: priceId } : { price: priceId, quantity },
    ),
    success_url: wanted.successUrl,
    cancel_url: wanted.cancelUrl,
    metadata,
  };
  if (wanted.mode === 'one-time') {
    return {
      ...params,
      mode: 'payment',
      payment_intent_data: {
        capture_method: 'manual',
        metadata,
        ...(wanted.feeAmount > 0 ? { application_fee_amount: wanted.feeAmount } : {}),
      },
    };
  }
  return {
    ...params,
    mode: 'subscription',
    subscription_data: {
      metadata,
      ...(wanted.feePercent > 0 ? { application_fee_percent: wanted.feePercent } : {}),
      ...(wanted.trialDays > 0 ? { trial_period_days: wanted.trialDays } : {}),
    },
  };
}
