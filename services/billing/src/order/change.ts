import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import type { Database, Tx } from '@cnap/postgres';
import { wake } from '@cnap/reconcile';
import type { BillingTables, OrderRow } from '../database.ts';
import { cancelRequested, refundRequested } from './event.ts';
import { changeOrder, findOrder } from './store.ts';

/** The order if the workspace bought it. */
export const boughtBy = (row: OrderRow, workspaceId: string): boolean => row.workspace_id === workspaceId;

/** The order if the workspace sold it. */
export const soldBy = (row: OrderRow, workspaceId: string): boolean =>
  row.seller_workspace_id === workspaceId;

/** Locks an order for a wish of one of its sides; to the other side the wish does not exist. */
export async function lockOrder(
  tx: Tx<BillingTables>,
  id: string,
  workspaceId: string,
  belongs: (row: OrderRow, workspaceId: string) => boolean,
): Promise<OrderRow> {
  const row = await tx.selectFrom('orders').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (!row) throw notFound('order', id);
  if (!belongs(row, workspaceId)) {
    throw new DomainError(
      'permission-denied',
      'PERMISSION_DENIED',
      'The other side of this order decides that.',
      {
        metadata: { id },
      },
    );
  }
  return row;
}

/** What cannot be done in the order's state. */
export const wrongState = (row: OrderRow, message: string, suggestion?: string): DomainError =>
  new DomainError('failed-precondition', 'ORDER_STATE', message, {
    metadata: { state: row.state.toUpperCase() },
    ...(suggestion === undefined ? {} : { suggestion }),
  });

/** Stores the buyer's wish to cancel; the reconciler does the rest. */
export const cancelOrder = (
  db: Database<BillingTables>,
  workspaceId: string,
  id: string,
  atOnce: boolean,
): Promise<OrderRow> =>
  db.inWorkspace(workspaceId, async (tx) => {
    const row = await lockOrder(tx, id, workspaceId, boughtBy);
    const cancel = wishOf(row, atOnce);
    if (row.cancel === cancel) return row;
    const changed = await changeOrder(tx, row, { cancel });
    await publish(tx, cancelRequested(changed));
    await wake(tx, 'order', id);
    return changed;
  });

function wishOf(row: OrderRow, atOnce: boolean): 'at-once' | 'at-period-end' {
  switch (row.state) {
    case 'open':
    case 'authorized':
    case 'deploying':
      return 'at-once';
    case 'fulfilled':
    case 'suspended':
      if (atOnce || row.cancel === 'at-once') return 'at-once';
      if (row.payment_mode === 'subscription') return 'at-period-end';
      throw wrongState(
        row,
        'The order has no period to wait for.',
        'Set at_once: the install is removed with its data.',
      );
    default:
      throw wrongState(row, 'The order is over, or being undone.');
  }
}

/** Stores the seller's wish to give everything back. */
export async function refundOrder(tx: Tx<BillingTables>, workspaceId: string, id: string): Promise<OrderRow> {
  const row = await lockOrder(tx, id, workspaceId, soldBy);
  if (row.payment_mode === 'free') throw wrongState(row, 'The order was free.');
  if (!['authorized', 'deploying', 'fulfilled', 'suspended'].includes(row.state)) {
    throw wrongState(row, 'The order holds no money that could be given back.');
  }
  if (row.refund) return row;
  const changed = await changeOrder(tx, row, { refund: true });
  await publish(tx, refundRequested(changed));
  await wake(tx, 'order', id);
  return changed;
}

/** An order that the workspace bought. */
export const readBought = (db: Database<BillingTables>, workspaceId: string, id: string): Promise<OrderRow> =>
  db.inWorkspace(workspaceId, async (tx) => {
    const row = await findOrder(tx, id);
    if (!row) throw notFound('order', id);
    if (!boughtBy(row, workspaceId)) {
      throw new DomainError('permission-denied', 'PERMISSION_DENIED', 'Only the buyer may do that.');
    }
    return row;
  });
