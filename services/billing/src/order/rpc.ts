import { create } from '@bufbuild/protobuf';
import { notFound } from '@cnap/errors';
import { pageQuery, toPage } from '@cnap/pages';
import { firstResult, type Database } from '@cnap/postgres';
import {
  type OrderService,
  RefundOrderRequestSchema,
  RefundOrderResponseSchema,
} from '@cnap/proto/cnap/billing/v1/order_service';
import { workspaceOf } from '@cnap/rpc';
import { repeatable } from '@cnap/service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { BillingTables, OrderRow } from '../database.ts';
import { cancelOrder, readBought, refundOrder, wrongState } from './change.ts';
import { listOrders } from './list.ts';
import type { Money } from './port.ts';
import { findOrder, stepsOf } from './store.ts';
import { orderToProto } from './to-proto.ts';
import { watchOrder } from './watch.ts';

type Deps = { db: Database<BillingTables>; money: Money };

export const orderRpc = ({ db, money }: Deps): ServiceImpl<typeof OrderService> => {
  const show = async (row: OrderRow, workspaceId: string) => {
    const steps = await db.inWorkspace(workspaceId, (tx) => stepsOf(tx, [row.id]));
    return { order: orderToProto(row, steps.get(row.id) ?? [], workspaceId) };
  };

  return {
    async getOrder({ id }, context) {
      const workspaceId = workspaceOf(context);
      const row = await db.inWorkspace(workspaceId, (tx) => findOrder(tx, id));
      if (!row) throw notFound('order', id);
      return show(row, workspaceId);
    },

    async listOrders(request, context) {
      const workspaceId = workspaceOf(context);
      const query = pageQuery(request);
      return db.inWorkspace(workspaceId, async (tx) => {
        const found = await listOrders(tx, workspaceId, request.filter, query);
        const { rows, nextPageToken } = toPage(found, query, (row) => ({
          time: row.create_time,
          id: row.id,
        }));
        const steps = await stepsOf(
          tx,
          rows.map(({ id }) => id),
        );
        const orders = rows.map((row) => orderToProto(row, steps.get(row.id) ?? [], workspaceId));
        return { orders, nextPageToken };
      });
    },

    async *watchOrder({ id }, context) {
      for await (const order of watchOrder(db, workspaceOf(context), id, context.signal)) yield { order };
    },

    async cancelOrder({ id, atOnce }, context) {
      const workspaceId = workspaceOf(context);
      return show(await cancelOrder(db, workspaceId, id, atOnce), workspaceId);
    },

    async refundOrder(request, context) {
      const workspaceId = workspaceOf(context);
      return db.inWorkspace(workspaceId, (tx) =>
        firstResult(
          tx,
          repeatable(context, workspaceId, RefundOrderRequestSchema, request, RefundOrderResponseSchema),
          async () => {
            const row = await refundOrder(tx, workspaceId, request.id);
            const steps = await stepsOf(tx, [row.id]);
            const order = orderToProto(row, steps.get(row.id) ?? [], workspaceId);
            return create(RefundOrderResponseSchema, { order });
          },
        ),
      );
    },

    async createPortalSession({ id, returnUrl }, context) {
      const row = await readBought(db, workspaceOf(context), id);
      const { stripe_account_id: account, stripe_customer_id: customer } = row;
      if (account === null || customer === null || row.state === 'open') {
        throw wrongState(row, 'Nothing has been paid for this order.');
      }
      return { url: await money.portal(account, customer, returnUrl) };
    },
  };
};
