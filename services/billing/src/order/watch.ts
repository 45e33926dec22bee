import { notFound } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import type { Order } from '@cnap/proto/cnap/billing/v1/order';
import { watchRow } from '@cnap/service';
import type { BillingTables } from '../database.ts';
import { channelOf, findOrder, stepsOf } from './store.ts';
import { orderToProto } from './to-proto.ts';

/** The order as its workspace sees it, at once and after each change, until the signal. */
export async function* watchOrder(
  db: Database<BillingTables>,
  workspaceId: string,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<Order> {
  const rows = watchRow({
    db,
    signal,
    channel: channelOf(id),
    versionOf: ({ row }) => row.version,
    read: () =>
      db.inWorkspace(workspaceId, async (tx) => {
        const row = await findOrder(tx, id);
        if (!row) throw notFound('order', id);
        return { row, steps: (await stepsOf(tx, [id])).get(id) ?? [] };
      }),
  });
  for await (const { row, steps } of rows) yield orderToProto(row, steps, workspaceId);
}
