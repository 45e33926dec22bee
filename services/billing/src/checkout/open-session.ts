import { DomainError } from '@cnap/errors';
import { ensureCustomer, type CustomerDeps } from '../customer/ensure.ts';
import type { OrderRow } from '../database.ts';
import { enterState } from '../order/enter.ts';
import type { Money } from '../order/port.ts';
import { storeSession } from '../order/session-store.ts';
import type { SessionMade, Sessions } from './port.ts';

export type SessionDeps = CustomerDeps & { sessions: Sessions; money: Money };

/**
 * Makes the Checkout Session of an order, once: a repetition looks for what the first attempt may have made, as
 * Stripe forgets keys after a day.
 */
export async function openSession(
  deps: SessionDeps,
  order: OrderRow,
  isRepeated: boolean,
): Promise<OrderRow> {
  const accountId = order.stripe_account_id;
  if (order.state !== 'open' || order.stripe_session_id !== null || accountId === null) return order;
  const customerId = await ensureCustomer(deps, { accountId, workspaceId: order.workspace_id });
  const earlier = isRepeated ? await deps.sessions.findFor(accountId, customerId, order.id) : undefined;
  const session = earlier ?? (await makeSession(deps, order, accountId, customerId));
  const stored = await deps.db.inWorkspace(order.workspace_id, (tx) =>
    storeSession(tx, order.id, { ...session, customerId }),
  );
  if (stored) return stored;
  // Cancelled while Stripe answered: nobody knows the page, and nobody shall pay on it.
  await deps.money.expireSession({
    orderId: order.id,
    attempt: 1,
    accountId,
    sessionId: session.id,
    paymentIntentId: undefined,
    subscriptionId: undefined,
  });
  throw new DomainError('failed-precondition', 'ORDER_STATE', 'The order was cancelled meanwhile.', {
    metadata: { state: 'EXPIRED' },
  });
}

async function makeSession(
  { db, sessions }: SessionDeps,
  order: OrderRow,
  accountId: string,
  customerId: string,
): Promise<SessionMade> {
  try {
    return await sessions.create({
      accountId,
      customerId,
      orderId: order.id,
      mode: order.payment_mode === 'subscription' ? 'subscription' : 'one-time',
      lines: order.lines.map(({ price, quantity }) => ({ priceId: price.id, quantity })),
      feeAmount: feeOf(order),
      feePercent: Number(order.fee_percent),
      trialDays: order.trial_days,
      successUrl: order.success_url,
      cancelUrl: order.cancel_url,
      metadata: {
        userId: order.user_id,
        workspaceId: order.workspace_id,
        productId: order.product_id,
        regionId: order.region_id,
        orderId: order.id,
      },
    });
  } catch (error) {
    // What Stripe refuses it will refuse again: no order stays behind that nobody can pay.
    if (error instanceof DomainError && error.reason === 'STRIPE_REFUSED') {
      const refused = { state: 'expired', reason: error.reason, message: error.message } as const;
      await db.inWorkspace(order.workspace_id, (tx) => enterState(tx, order, refused));
    }
    throw error;
  }
}

/** The platform's part, as a percentage of the total (domain.md). */
const feeOf = (order: OrderRow): number =>
  Math.round((order.lines.reduce((sum, { amount }) => sum + amount, 0) * Number(order.fee_percent)) / 100);
