import { OrderFilter } from '@cnap/proto/cnap/billing/v1/order_service';
import { beyond, type PageQuery } from '@cnap/pages';
import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { BillingTables, OrderRow } from '../database.ts';

/** States in which something is still to be done, and should not take long. */
const busy = ['authorized', 'deploying', 'compensating'] as const;

/** A page of the orders that a workspace bought or sold, newest first; one more than asked for, if there is one. */
export async function listOrders(
  tx: Tx<BillingTables>,
  workspaceId: string,
  filter: OrderFilter,
  page: PageQuery,
): Promise<OrderRow[]> {
  const sides = sidesOf.get(filter) ?? bothSides;
  const onlyStuck = filter === OrderFilter.STUCK;
  // One index for each side; no order has the same workspace on both.
  const found: OrderRow[] = [];
  for (const side of sides) found.push(...(await listSide(tx, side, workspaceId, onlyStuck, page)));
  return found.toSorted(newestFirst).slice(0, page.limit + 1);
}

type Side = 'workspace_id' | 'seller_workspace_id';

const bothSides: Side[] = ['workspace_id', 'seller_workspace_id'];
const sidesOf = new Map<OrderFilter, Side[]>([
  [OrderFilter.BOUGHT, ['workspace_id']],
  [OrderFilter.SOLD, ['seller_workspace_id']],
]);

function newestFirst(a: OrderRow, b: OrderRow): number {
  const later = b.create_time.getTime() - a.create_time.getTime();
  return later !== 0 ? later : a.id < b.id ? 1 : -1;
}

function listSide(
  tx: Tx<BillingTables>,
  side: Side,
  workspaceId: string,
  onlyStuck: boolean,
  page: PageQuery,
): Promise<OrderRow[]> {
  let query = tx.selectFrom('orders').selectAll().where(side, '=', workspaceId);
  if (onlyStuck) {
    query = query.where((eb) =>
      eb.or([
        eb.and([eb('state', 'in', busy), eb('state_time', '<', sql<Date>`now() - interval '30 minutes'`)]),
        sql<boolean>`exists (select 1 from reconcile_task task
          where task.kind = 'order' and task.key = orders.id and task.failing_since is not null)`,
      ]),
    );
  }
  return query
    .where(beyond(page.after, 'newest first', { time: 'create_time', id: 'id' }))
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
}
