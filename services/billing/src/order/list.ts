import { OrderFilter } from '@cnap/proto/cnap/billing/v1/order_service';
import { beyond, type PageQuery } from '@cnap/pages';
import type { Tx } from '@cnap/postgres';
import { sql, type Expression, type SqlBool } from 'kysely';
import type { BillingTables, OrderRow } from '../database.ts';

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
  const found = new Map<string, OrderRow>();
  for (const side of sides) {
    for (const condition of onlyStuck ? [busyForLong, failing] : [all]) {
      for (const row of await listSide(tx, side, workspaceId, condition, page)) found.set(row.id, row);
    }
  }
  return [...found.values()].toSorted(newestFirst).slice(0, page.limit + 1);
}

const all = sql<boolean>`true`;
/** Two ways to be stuck, each with an index of its own; both together would have every order looked at. */
const busyForLong = sql<boolean>`state in ('authorized', 'deploying', 'compensating')
  and state_time < now() - interval '30 minutes'`;
const failing = sql<boolean>`id = any(array(
  select key from reconcile_task where kind = 'order' and failing_since is not null))`;

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
  condition: Expression<SqlBool>,
  page: PageQuery,
): Promise<OrderRow[]> {
  return tx
    .selectFrom('orders')
    .selectAll()
    .where(side, '=', workspaceId)
    .where(condition)
    .where(beyond(page.after, 'newest first', { time: 'create_time', id: 'id' }))
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
}
