import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type Order,
  OrderSchema,
  OrderState as ProtoState,
  PaymentMode,
} from '@cnap/proto/cnap/billing/v1/order';
import type { OrderRow, OrderStepRow } from '../database.ts';
import type { OrderState } from './step.ts';

export const stateToProto: Record<OrderState, ProtoState> = {
  open: ProtoState.OPEN,
  authorized: ProtoState.AUTHORIZED,
  deploying: ProtoState.DEPLOYING,
  fulfilled: ProtoState.FULFILLED,
  suspended: ProtoState.SUSPENDED,
  ended: ProtoState.ENDED,
  expired: ProtoState.EXPIRED,
  compensating: ProtoState.COMPENSATING,
  refunded: ProtoState.REFUNDED,
};

export const paymentModeToProto: Record<OrderRow['payment_mode'], PaymentMode> = {
  free: PaymentMode.FREE,
  'one-time': PaymentMode.ONE_TIME,
  subscription: PaymentMode.SUBSCRIPTION,
};

/** An order as one of its two workspaces may see it: where to pay is the buyer's, ids at Stripe are the seller's. */
export function orderToProto(
  row: OrderRow,
  steps: readonly OrderStepRow[],
  viewerWorkspaceId: string,
): Order {
  const isBuyer = viewerWorkspaceId === row.workspace_id;
  const isSeller = viewerWorkspaceId === row.seller_workspace_id;
  return create(OrderSchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    sellerWorkspaceId: row.seller_workspace_id,
    productId: row.product_id,
    productName: row.product_name,
    regionId: row.region_id,
    state: stateToProto[row.state],
    reason: row.reason,
    message: row.message,
    steps: steps.map((step) => ({
      state: stateToProto[step.state],
      reason: step.reason,
      message: step.message,
      time: timestampFromDate(step.time),
    })),
    paymentMode: paymentModeToProto[row.payment_mode],
    amountTotal: BigInt(row.amount_total),
    amountCaptured: BigInt(row.amount_captured),
    amountRefunded: BigInt(row.amount_refunded),
    currency: row.currency,
    quantity: row.quantity,
    installId: row.install_id ?? '',
    checkoutUrl: isBuyer && row.state === 'open' ? row.checkout_url : '',
    stripeSessionId: row.stripe_session_id ?? '',
    ...(isSeller
      ? {
          stripePaymentIntentId: row.stripe_payment_intent_id ?? '',
          stripeSubscriptionId: row.stripe_subscription_id ?? '',
          stripeAccountId: row.stripe_account_id ?? '',
        }
      : {}),
    ...(row.deadline_time ? { deadlineTime: timestampFromDate(row.deadline_time) } : {}),
    ...(row.end_time ? { endTime: timestampFromDate(row.end_time) } : {}),
    traceId: row.traceparent?.slice(3, 35) ?? '',
    createTime: timestampFromDate(row.create_time),
    updateTime: timestampFromDate(row.update_time),
  });
}
