import { subscribe } from '@cnap/events';
import { PriceEventSchema } from '@cnap/proto/cnap/billing/v1/price_event';
import { priceKinds } from './kind.ts';
import { applyPrice } from './store.ts';

/** Keeps the prices that listings show. */
export const onPrice = subscribe({
  subject: 'billing.v1.price.*',
  schema: PriceEventSchema,
  async handle(tx, { fact, message: { workspaceId, price }, version }) {
    if (price === undefined) return;
    await applyPrice(tx, {
      id: price.stripePriceId,
      workspace_id: workspaceId,
      label: price.label,
      kind: priceKinds[price.kind] ?? 'one_time',
      currency: price.currency,
      unit_amount: String(price.unitAmount),
      interval: price.interval,
      interval_count: price.intervalCount,
      active: price.active && fact !== 'deleted',
      version: String(version),
    });
  },
});
