import type { Database, Tx } from '@cnap/postgres';
import { done, type Reconcile, wake } from '@cnap/reconcile';
import type { BillingTables, StripeEventRow } from '../database.ts';
import { pricesOfStripeProduct } from '../price/store.ts';
import { priceKey } from '../price/sync.ts';
import { sellerOf } from '../seller-account/store.ts';
import type { Webhooks } from './port.ts';
import { closeEvent, findEvent, type OrderFound, ordersOf, rememberPaidBy } from './store.ts';

type Deps = { db: Database<BillingTables>; webhooks: Webhooks };

/** Events that say an open order may be paid now; the install's idempotency key is made from the first one. */
const paid = new Set(['checkout.session.completed', 'checkout.session.async_payment_succeeded']);

/** Other events of a payment come a moment before those; should those be lost, these do as well. */
const forThePaidEventMs = 2_000;

/**
 * Reconciles `stripe-event`: finds what the event is about and wakes it. In whichever order events come, whoever is
 * woken reads the object again.
 */
export const stripeEventReconciler =
  ({ db, webhooks }: Deps): Reconcile =>
  async ({ key, write }) => {
    const found = await db.acrossWorkspaces(async (tx) => {
      const event = await findEvent(tx, key);
      if (event?.state !== 'received') return undefined;
      const workspaceId = await sellerOf(tx, event.stripe_account_id);
      return { event, workspaceId, orders: await ordersOf(tx, event.stripe_account_id, event.refs) };
    });
    if (!found) return done;
    const { event, workspaceId } = found;
    const orders =
      workspaceId === undefined || found.orders.length > 0
        ? found.orders
        : await searchOrders(db, webhooks, event);
    await write(async (tx: Tx<BillingTables>) => {
      if (workspaceId === undefined && orders.length === 0) {
        await closeEvent(tx, event.id, 'ignored', undefined);
        return;
      }
      for (const order of orders) {
        const isPaid = paid.has(event.type);
        if (isPaid) await rememberPaidBy(tx, order.id, event.id);
        const aboutSession = event.type.startsWith('checkout.session.');
        const afterMs = order.isOpen && !aboutSession ? forThePaidEventMs : 0;
        await wake(tx, 'order', order.id, { afterMs });
      }
      const others = workspaceId === undefined ? 0 : await wakeOthers(tx, event, workspaceId);
      await closeEvent(tx, event.id, orders.length + others > 0 ? 'handled' : 'ignored', workspaceId);
    });
    return done;
  };

/** A charge or dispute names its payment intent, and Stripe knows what that belongs to. */
async function searchOrders(
  db: Database<BillingTables>,
  webhooks: Webhooks,
  { stripe_account_id: accountId, refs }: StripeEventRow,
): Promise<OrderFound[]> {
  if (refs.paymentIntentId === undefined) return [];
  const owner = await webhooks.ownerOfPayment(accountId, refs.paymentIntentId);
  return db.acrossWorkspaces((tx) => ordersOf(tx, accountId, owner));
}

/** Wakes the account or the prices that the event is about; says how many. */
async function wakeOthers(
  tx: Tx<BillingTables>,
  event: StripeEventRow,
  workspaceId: string,
): Promise<number> {
  const { type, stripe_account_id: accountId } = event;
  if (type.startsWith('account.')) {
    await wake(tx, 'seller-account', workspaceId);
    return 1;
  }
  const { objectId } = event.refs;
  if (objectId === undefined) return 0;
  const prices = type.startsWith('price.')
    ? [objectId]
    : await pricesOfStripeProduct(tx, accountId, objectId);
  for (const price of prices) await wake(tx, 'price', priceKey(accountId, price));
  return prices.length;
}
