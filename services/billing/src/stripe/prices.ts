import type { Stripe } from 'stripe';
import type { PriceKind, Prices, PriceSeen } from '../price/port.ts';
import { onAccount, type StripeClient } from './client.ts';
import { isMissing } from './errors.ts';

export function stripePrices({ sdk, call }: StripeClient): Prices {
  return {
    async list(accountId, { size, after }) {
      const page = await call('prices.list', () =>
        sdk.prices.list(
          {
            active: true,
            limit: size,
            expand: ['data.product'],
            ...(after === undefined ? {} : { starting_after: after }),
          },
          onAccount(accountId),
        ),
      );
      return { prices: page.data.map(seen), more: page.has_more };
    },

    async read(accountId, priceId) {
      try {
        const price = await call('prices.retrieve', () =>
          sdk.prices.retrieve(priceId, { expand: ['product'] }, onAccount(accountId)),
        );
        return price.deleted ? undefined : seen(price);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
  };
}

function seen(price: Stripe.Price): PriceSeen {
  const product = typeof price.product === 'string' ? undefined : price.product;
  const deleted = product?.deleted === true;
  return {
    id: price.id,
    stripeProductId: typeof price.product === 'string' ? price.product : price.product.id,
    label: product === undefined || product.deleted ? (price.nickname ?? price.id) : product.name,
    kind: kindOf(price),
    currency: price.currency,
    unitAmount: price.unit_amount ?? undefined,
    interval: price.recurring?.interval ?? '',
    intervalCount: price.recurring?.interval_count ?? 0,
    active: price.active && !deleted && (product === undefined || product.deleted || product.active),
  };
}

/** Stripe has no price per seat: a recurring price whose product names its unit ("seat") is one. */
function kindOf(price: Stripe.Price): PriceKind {
  if (price.recurring === null) return 'one-time';
  if (price.recurring.usage_type === 'metered') return 'metered';
  const product = typeof price.product === 'string' || price.product.deleted ? undefined : price.product;
  return product?.unit_label ? 'per-seat' : 'recurring';
}
