import { OrderFilter } from '@cnap/proto/cnap/billing/v1/order_service';
import { beyond, type PageQuery } from '@cnap/pages';
import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { BillingTables, OrderRow } from '../database.ts';

/** States in which something is still to be done, and should not take long. */
const busy = ['authorized', 'deploying', 'compensating'] as const;

/** A page of the orders that a workspace bought or sold, newest first; one more than asked for, if there is one. */
export function listOrders(
  tx: Tx<BillingTables>,
  workspaceId: string,
  filter: OrderFilter,
  page: PageQuery,
): Promise<OrderRow[]> {
  let query = tx.selectFrom('orders').selectAll();
  if (filter === OrderFilter.BOUGHT) query = query.where('workspace_id', '=', workspaceId);
  else if (filter === OrderFilter.SOLD) query = query.where('seller_workspace_id', '=', workspaceId);
  else {
    query = query.where((eb) =>
      eb.or([eb('workspace_id', '=', workspaceId), eb('seller_workspace_id', '=', workspaceId)]),
    );
  }
  if (filter === OrderFilter.STUCK) {
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
