import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { BillingTables, PriceRow } from '../database.ts';
import type { PriceSeen } from './port.ts';

type BillingTx = Tx<BillingTables>;

/** Keeps what Stripe says about a price; undefined when it is what was known. */
export async function storePriceSeen(
  tx: BillingTx,
  owner: { workspaceId: string; accountId: string },
  price: PriceSeen,
): Promise<PriceRow | undefined> {
  const facts = {
    workspace_id: owner.workspaceId,
    stripe_product_id: price.stripeProductId,
    label: price.label,
    kind: price.kind,
    currency: price.currency,
    unit_amount: price.unitAmount ?? null,
    interval: price.interval,
    interval_count: price.intervalCount,
    active: price.active,
    deleted: false,
  };
  return tx
    .insertInto('price')
    .values({ ...facts, stripe_account_id: owner.accountId, stripe_price_id: price.id, version: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['stripe_account_id', 'stripe_price_id'])
        .doUpdateSet({ ...facts, version: sql<number>`price.version + 1`, read_time: new Date() })
        .where(
          sql<boolean>`(price.label, price.kind, price.currency, price.unit_amount, price.interval,
            price.interval_count, price.active, price.deleted, price.stripe_product_id) is distinct from
            (excluded.label, excluded.kind, excluded.currency, excluded.unit_amount, excluded.interval,
            excluded.interval_count, excluded.active, excluded.deleted, excluded.stripe_product_id)`,
        ),
    )
    .returningAll()
    .executeTakeFirst();
}

/** Marks a price that Stripe no longer has; undefined when it was not known, or was marked before. */
export const storePriceDeleted = (
  tx: BillingTx,
  accountId: string,
  priceId: string,
): Promise<PriceRow | undefined> =>
  tx
    .updateTable('price')
    .set({ active: false, deleted: true, version: sql<number>`version + 1`, read_time: new Date() })
    .where('stripe_account_id', '=', accountId)
    .where('stripe_price_id', '=', priceId)
    .where('deleted', '=', false)
    .returningAll()
    .executeTakeFirst();

/** The known prices of a Stripe product. */
export async function pricesOfStripeProduct(
  tx: BillingTx,
  accountId: string,
  stripeProductId: string,
): Promise<string[]> {
  const rows = await tx
    .selectFrom('price')
    .select('stripe_price_id')
    .where('stripe_account_id', '=', accountId)
    .where('stripe_product_id', '=', stripeProductId)
    .orderBy('stripe_price_id')
    .execute();
  return rows.map((row) => row.stripe_price_id);
}
