import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { BillingTables, OrderRow } from '../database.ts';

/** Keeps the session of an order that is still open; undefined when it is not. */
export async function storeSession(
  tx: Tx<BillingTables>,
  orderId: string,
  session: { id: string; url: string; amountTotal: number | undefined; customerId: string },
): Promise<OrderRow | undefined> {
  return tx
    .updateTable('orders')
    .set({
      stripe_session_id: session.id,
      stripe_customer_id: session.customerId,
      checkout_url: session.url,
      ...(session.amountTotal === undefined ? {} : { amount_total: session.amountTotal }),
      version: sql<number>`version + 1`,
      update_time: new Date(),
    })
    .where('id', '=', orderId)
    .where('state', '=', 'open')
    .where((eb) => eb.or([eb('stripe_session_id', 'is', null), eb('stripe_session_id', '=', session.id)]))
    .returningAll()
    .executeTakeFirst();
}
