import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Fact } from '@cnap/events';
import { OrderEventSchema } from '@cnap/proto/cnap/billing/v1/order_event';
import type { OrderRow } from '../database.ts';
import { removalOf, type Announcement } from './announcement.ts';
import { paymentModeToProto, stateToProto } from './to-proto.ts';

const orderFact = (fact: string, row: OrderRow): Fact => ({
  service: 'billing',
  resource: 'order',
  fact,
  id: row.id,
  version: Number(row.version),
  workspaceIds: [row.workspace_id, row.seller_workspace_id],
  schema: OrderEventSchema,
  message: create(OrderEventSchema, {
    orderId: row.id,
    workspaceId: row.workspace_id,
    sellerWorkspaceId: row.seller_workspace_id,
    productId: row.product_id,
    state: stateToProto[row.state],
    reason: row.reason,
    message: row.message,
    installId: row.install_id ?? '',
    amountTotal: BigInt(row.amount_total),
    currency: row.currency,
    productName: row.product_name,
    userId: row.user_id,
    paymentMode: paymentModeToProto[row.payment_mode],
    amountCaptured: BigInt(row.amount_captured),
    amountRefunded: BigInt(row.amount_refunded),
    ...(row.deadline_time ? { deadlineTime: timestampFromDate(row.deadline_time) } : {}),
    ...(row.state === 'suspended' ? { removalTime: timestampFromDate(removalOf(row.state_time)) } : {}),
  }),
});

/** The fact of the state that the order has entered: `order.authorized` and the like. */
export const orderEntered = (row: OrderRow) => orderFact(row.state, row);
/** What is to be heard of while a state lasts. */
export const orderAnnounced = (row: OrderRow, { fact }: Announcement) => orderFact(fact, row);
/** What one of its sides wants; what comes of it are the facts of the states that are entered. */
export const cancelRequested = (row: OrderRow) => orderFact('cancel_requested', row);
export const refundRequested = (row: OrderRow) => orderFact('refund_requested', row);
