import { toJson } from '@bufbuild/protobuf';
import type { CheckoutService, CreateCheckoutRequest } from '@cnap/proto/cnap/billing/v1/checkout_service';
import { CreateCheckoutRequestSchema } from '@cnap/proto/cnap/billing/v1/checkout_service';
import { userOf, workspaceOf } from '@cnap/rpc';
import type { ServiceImpl } from '@connectrpc/connect';
import type { OrderRow } from '../database.ts';
import { findOrderByRequest, stepsOf } from '../order/store.ts';
import { orderToProto } from '../order/to-proto.ts';
import { checkAll, type Wish } from './check.ts';
import { findOut, type FindDeps } from './find.ts';
import { openSession, type SessionDeps } from './open-session.ts';
import { fingerprintOf, placeOrder, repeatedOrder, type PlaceDeps } from './place-order.ts';
import { refuseFailed } from './refuse.ts';
import type { Struct } from './struct.ts';
import { checkToProto, lineToProto } from './to-proto.ts';

type Deps = FindDeps & SessionDeps & PlaceDeps;

export const checkoutRpc = (deps: Deps): ServiceImpl<typeof CheckoutService> => {
  const answer = async (order: OrderRow) => {
    const steps = await deps.db.inWorkspace(order.workspace_id, (tx) => stepsOf(tx, [order.id]));
    return {
      order: orderToProto(order, steps.get(order.id) ?? [], order.workspace_id),
      checkoutUrl: order.state === 'open' ? order.checkout_url : '',
    };
  };

  return {
    async previewCheckout(request, context) {
      const wish = wishOf(request, workspaceOf(context));
      const { checks, quote } = checkAll(wish, await findOut(deps, wish), deps.feePercent);
      return {
        checks: checks.map(checkToProto),
        ready: checks.every(({ passed }) => passed),
        lines: quote?.lines.map(lineToProto) ?? [],
        amountDue: BigInt(quote?.dueNow ?? 0),
        currency: quote?.currency ?? '',
        recurring: quote?.mode === 'subscription',
      };
    },

    async createCheckout(request, context) {
      const workspaceId = workspaceOf(context);
      const wish = wishOf(request, workspaceId);
      const fingerprint = requestFingerprint(request);
      const requestId = request.requestId || undefined;
      const first =
        requestId === undefined
          ? undefined
          : await deps.db.inWorkspace(workspaceId, (tx) => findOrderByRequest(tx, workspaceId, requestId));
      if (first) return answer(await openSession(deps, repeatedOrder({ fingerprint }, first), true));

      const found = await findOut(deps, wish);
      const { checks, quote } = checkAll(wish, found, deps.feePercent);
      refuseFailed(checks, wish.productId);
      if (!quote || !found.product)
        throw new Error('a checkout without failed checks has a product and a quote');
      const order = await placeOrder(deps, {
        wish,
        quote,
        fingerprint,
        requestId,
        userId: userOf(context).userId,
        product: found.product,
        accountId: found.accountId,
        successUrl: request.successUrl,
        cancelUrl: request.cancelUrl,
      });
      return answer(await openSession(deps, order, false));
    },
  };
};

const wishOf = (
  request: { productId: string; regionId: string; inputs?: Struct | undefined; quantity: number },
  workspaceId: string,
): Wish => ({
  workspaceId,
  productId: request.productId,
  regionId: request.regionId,
  inputs: request.inputs ?? {},
  quantity: request.quantity || 1,
});

const requestFingerprint = (request: CreateCheckoutRequest): string =>
  fingerprintOf(toJson(CreateCheckoutRequestSchema, { ...request, requestId: '' }));
