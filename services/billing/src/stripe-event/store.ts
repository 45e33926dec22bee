import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { BillingTables, StripeEventRow } from '../database.ts';
import type { ReceivedEvent } from './port.ts';

type BillingTx = Tx<BillingTables>;

/** Stores an event unless it is there; says whether it is new. */
export async function insertEvent(
  tx: BillingTx,
  event: ReceivedEvent,
  traceparent: string | undefined,
): Promise<boolean> {
  const inserted = await tx
    .insertInto('stripe_event')
    .values({
      id: event.id,
      stripe_account_id: event.accountId,
      workspace_id: sql<string | null>`(select workspace_id from seller_account
        where stripe_account_id = ${event.accountId})`,
      type: event.type,
      refs: JSON.stringify(event.refs),
      state: 'received',
      traceparent: traceparent ?? null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted !== undefined;
}

export const findEvent = (tx: BillingTx, id: string): Promise<StripeEventRow | undefined> =>
  tx.selectFrom('stripe_event').selectAll().where('id', '=', id).executeTakeFirst();

export async function closeEvent(
  tx: BillingTx,
  id: string,
  state: 'handled' | 'ignored',
  workspaceId: string | undefined,
): Promise<void> {
  await tx
    .updateTable('stripe_event')
    .set({ state, ...(workspaceId === undefined ? {} : { workspace_id: workspaceId }) })
    .where('id', '=', id)
    .execute();
}

/** An order that an event is about. */
export type OrderFound = { id: string; isOpen: boolean };

/** Orders on this account that one of the ids belongs to. */
export async function ordersOf(
  tx: BillingTx,
  accountId: string,
  refs: StripeEventRow['refs'],
): Promise<OrderFound[]> {
  const rows = await tx
    .selectFrom('orders')
    .select(['id', 'state'])
    // Metadata is the seller's to write: it names no order on another account.
    .where('stripe_account_id', '=', accountId)
    .where((eb) =>
      eb.or([
        eb('id', '=', refs.orderId ?? ''),
        eb('stripe_session_id', '=', refs.sessionId ?? ''),
        eb('stripe_payment_intent_id', '=', refs.paymentIntentId ?? ''),
        eb('stripe_subscription_id', '=', refs.subscriptionId ?? ''),
      ]),
    )
    .orderBy('id')
    .execute();
  return rows.map(({ id, state }) => ({ id, isOpen: state === 'open' }));
}

/** Remembers which event said that an open order was paid; the first one stays. */
export async function rememberPaidBy(tx: BillingTx, orderId: string, eventId: string): Promise<void> {
  await tx
    .updateTable('orders')
    .set({ stripe_event_id: eventId, version: sql<number>`version + 1` })
    .where('id', '=', orderId)
    .where('state', '=', 'open')
    .where('stripe_event_id', 'is', null)
    .execute();
}
