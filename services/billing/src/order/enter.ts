import { publish } from '@cnap/events';
import type { Tx } from '@cnap/postgres';
import type { BillingTables, OrderRow } from '../database.ts';
import { announcementKey, type Announcement } from './announcement.ts';
import { orderAnnounced, orderEntered } from './event.ts';
import type { OrderState } from './step.ts';
import { changeOrder, insertOrder, insertStep } from './store.ts';

type BillingTx = Tx<BillingTables>;

/** Stores a new order, its first step and its first fact; undefined when its request id is taken. */
export async function beginOrder(
  tx: BillingTx,
  order: Parameters<typeof insertOrder>[1],
): Promise<OrderRow | undefined> {
  const row = await insertOrder(tx, order);
  if (row) await recordStep(tx, row);
  return row;
}

/**
 * Enters a state: the row, its step and its fact in one transaction.
 * @throws OrderChanged
 */
export async function enterState(
  tx: BillingTx,
  read: OrderRow,
  { state, reason, message }: { state: OrderState; reason: string; message: string },
  changes: Parameters<typeof changeOrder>[2] = {},
): Promise<OrderRow> {
  const entered = { state, reason, message, state_time: new Date(), announced: [] };
  const row = await changeOrder(tx, read, { ...changes, ...entered });
  await recordStep(tx, row);
  return row;
}

/**
 * Publishes what both sides should hear of while a state lasts, once.
 * @throws OrderChanged
 */
export async function announce(tx: BillingTx, read: OrderRow, what: Announcement): Promise<void> {
  const row = await changeOrder(tx, read, { announced: [...read.announced, announcementKey(what)] });
  await publish(tx, orderAnnounced(row, what));
}

async function recordStep(tx: BillingTx, row: OrderRow): Promise<void> {
  await insertStep(tx, row);
  await publish(tx, orderEntered(row));
}
