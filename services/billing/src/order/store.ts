import type { Tx } from '@cnap/postgres';
import { type Insertable, sql, type Updateable } from 'kysely';
import type { BillingTables, OrderRow, OrdersTable, OrderStepRow } from '../database.ts';

type BillingTx = Tx<BillingTables>;

/** Somebody else has changed the order since it was read: look again. */
export class OrderChanged extends Error {
  override readonly name = 'OrderChanged';
}

export const findOrder = (tx: BillingTx, id: string): Promise<OrderRow | undefined> =>
  tx.selectFrom('orders').selectAll().where('id', '=', id).executeTakeFirst();

export const findOrderByRequest = (
  tx: BillingTx,
  workspaceId: string,
  requestId: string,
): Promise<OrderRow | undefined> =>
  tx
    .selectFrom('orders')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('request_id', '=', requestId)
    .executeTakeFirst();

/**
 * The notification channel of an order's changes. It shares it with one in 32, so that a service listens to few
 * channels and a stream hears little of what is not its own.
 */
export const channelOf = (orderId: string): string => `billing_order_${orderId.slice(-1)}`;

/** Inserts an order in state OPEN; undefined when its request id is taken. */
export const insertOrder = (
  tx: BillingTx,
  order: Omit<Insertable<OrdersTable>, 'state' | 'reason' | 'message' | 'version'>,
): Promise<OrderRow | undefined> =>
  tx
    .insertInto('orders')
    .values({ ...order, state: 'open', reason: '', message: '', version: 1 })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();

/**
 * Changes an order that is still as it was read.
 * @throws OrderChanged
 */
export async function changeOrder(
  tx: BillingTx,
  read: OrderRow,
  changes: Omit<Updateable<OrdersTable>, 'version'>,
): Promise<OrderRow> {
  const row = await tx
    .updateTable('orders')
    .set({ ...changes, version: sql<number>`version + 1`, update_time: new Date() })
    .where('id', '=', read.id)
    .where('version', '=', read.version)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw new OrderChanged(`${read.id} is no longer at version ${read.version}`);
  await sql`select pg_notify(${channelOf(row.id)}, '')`.execute(tx);
  return row;
}

/** Keeps that the order has entered its state. */
export async function insertStep(tx: BillingTx, row: OrderRow): Promise<void> {
  await tx
    .insertInto('order_step')
    .values({
      order_id: row.id,
      position: Number(row.version),
      workspace_id: row.workspace_id,
      seller_workspace_id: row.seller_workspace_id,
      state: row.state,
      reason: row.reason,
      message: row.message,
      time: row.state_time,
    })
    .execute();
}

/** Every state these orders have entered, by order, oldest first. */
export async function stepsOf(
  tx: BillingTx,
  orderIds: readonly string[],
): Promise<Map<string, OrderStepRow[]>> {
  const rows =
    orderIds.length === 0
      ? []
      : await tx
          .selectFrom('order_step')
          .selectAll()
          .where('order_id', 'in', orderIds)
          .orderBy('order_id')
          .orderBy('position')
          .execute();
  return Map.groupBy(rows, (row) => row.order_id);
}
