import { newId } from '../ids.ts';
import { oneOf } from '../params.ts';
import type { InvoiceLine } from './invoice.ts';
import type { Price } from './price.ts';
import type { SubscriptionItem } from './subscription-item.ts';
import type { Subscription } from './subscription.ts';

export type ProrationBehavior = 'always_invoice' | 'create_prorations' | 'none';
export const prorationBehavior = oneOf('always_invoice', 'create_prorations', 'none');

/** A line of an invoice for an item of a subscription. */
export function itemLine(
  subscription: Pick<Subscription, 'id' | 'currency'>,
  wanted: {
    item: string | null;
    price: Price;
    quantity: number;
    amount: number;
    description: string;
    period: { start: number; end: number };
    proration: boolean;
  },
): InvoiceLine {
  return {
    id: newId('il'),
    object: 'line_item',
    amount: wanted.amount,
    currency: subscription.currency,
    description: wanted.description,
    discount_amounts: [],
    discountable: !wanted.proration,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: {},
    parent:
      wanted.item === null
        ? {
            invoice_item_details: {
              invoice_item: newId('ii'),
              proration: false,
              proration_details: { credited_items: null },
              subscription: subscription.id,
            },
            subscription_item_details: null,
            type: 'invoice_item_details',
          }
        : {
            invoice_item_details: null,
            subscription_item_details: {
              invoice_item: null,
              proration: wanted.proration,
              proration_details: { credited_items: null },
              subscription: subscription.id,
              subscription_item: wanted.item,
            },
            type: 'subscription_item_details',
          },
    period: wanted.period,
    pretax_credit_amounts: [],
    pricing: {
      price_details: { price: wanted.price.id, product: wanted.price.product },
      type: 'price_details',
      unit_amount_decimal: String(wanted.price.unit_amount),
    },
    quantity: wanted.quantity,
    subscription: subscription.id,
    subtotal: wanted.amount,
    taxes: [],
  };
}

/** What an item costs, or gives back, for the rest of its period. */
export function prorationLine(
  subscription: Subscription,
  item: SubscriptionItem,
  now: number,
  sign: 1 | -1,
): InvoiceLine | undefined {
  const { current_period_start: start, current_period_end: end } = item;
  const left = (end - now) / (end - start);
  const amount = sign * Math.round(item.price.unit_amount * item.quantity * left);
  if (amount === 0 || subscription.status === 'trialing') return undefined;
  return itemLine(subscription, {
    item: item.id,
    price: item.price,
    quantity: item.quantity,
    amount,
    description: `${sign > 0 ? 'Remaining' : 'Unused'} time on ${item.quantity} × ${item.price.nickname ?? item.price.id}`,
    period: { start: now, end },
    proration: true,
  });
}
