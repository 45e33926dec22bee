import { createHash } from 'node:crypto';
import { DomainError } from '@cnap/errors';
import { newId } from '@cnap/ids';
import type { Database } from '@cnap/postgres';
import { wake } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import { currentTraceparent } from '@cnap/telemetry';
import type { BillingTables, OrderRow } from '../database.ts';
import { beginOrder, enterState } from '../order/enter.ts';
import { lookAgainMs } from '../order/step.ts';
import { findOrderByRequest } from '../order/store.ts';
import type { Wish } from './check.ts';
import type { ProductSeen } from './port.ts';
import type { Quote } from './pricing.ts';

/** A checkout that has passed its checks. */
export type NewOrder = {
  wish: Wish;
  userId: string;
  product: ProductSeen;
  accountId: string | undefined;
  quote: Quote;
  successUrl: string;
  cancelUrl: string;
  requestId: string | undefined;
  fingerprint: string;
};

export type PlaceDeps = {
  db: Database<BillingTables>;
  keyring: Keyring;
  feePercent: number;
  /** The platform's address; its pages of an order are `/orders/<id>`. */
  publicUrl: string;
  fulfilmentDeadlineMs: number;
  now: () => Date;
};

/** Stores the order before Stripe hears of it. What is free is authorised at once. */
export async function placeOrder(deps: PlaceDeps, wanted: NewOrder): Promise<OrderRow> {
  const { wish, product, quote } = wanted;
  const id = newId('ord');
  const page = (url: string): string =>
    (url || `${deps.publicUrl}/orders/{ORDER_ID}`).replaceAll('{ORDER_ID}', id);
  return deps.db.inWorkspace(wish.workspaceId, async (tx) => {
    const row = await beginOrder(tx, {
      id,
      workspace_id: wish.workspaceId,
      seller_workspace_id: product.workspaceId,
      user_id: wanted.userId,
      product_id: product.id,
      product_name: product.name,
      template_id: product.templateId,
      region_id: wish.regionId,
      payment_mode: quote.mode,
      inputs: Buffer.from(deps.keyring.seal(JSON.stringify(wish.inputs), id)),
      quantity: wish.quantity,
      trial_days: quote.mode === 'subscription' ? product.trialDays : 0,
      lines: JSON.stringify(quote.lines),
      fee_percent: deps.feePercent,
      amount_total: quote.dueNow,
      currency: quote.currency,
      success_url: page(wanted.successUrl),
      cancel_url: page(wanted.cancelUrl),
      stripe_account_id: quote.mode === 'free' ? null : (wanted.accountId ?? null),
      request_id: wanted.requestId ?? null,
      request_fingerprint: wanted.fingerprint,
      traceparent: currentTraceparent() ?? null,
      create_time: deps.now(),
    });
    if (!row)
      return await repeatedOrder(
        wanted,
        await findOrderByRequest(tx, wish.workspaceId, wanted.requestId ?? ''),
      );
    if (quote.mode !== 'free') {
      await wake(tx, 'order', id, { afterMs: lookAgainMs });
      return row;
    }
    await wake(tx, 'order', id);
    return enterState(
      tx,
      row,
      { state: 'authorized', reason: '', message: 'Nothing to pay.' },
      {
        install_key: `idk_${id}`,
        deadline_time: new Date(deps.now().getTime() + deps.fulfilmentDeadlineMs),
      },
    );
  });
}

/** The first order of a request id. @throws DomainError REQUEST_ID_REUSED when it was for something else */
export function repeatedOrder({ fingerprint }: { fingerprint: string }, row: OrderRow | undefined): OrderRow {
  if (row && row.request_fingerprint === fingerprint) return row;
  throw new DomainError(
    'invalid-argument',
    'REQUEST_ID_REUSED',
    'This request id was used for another request.',
    {
      fields: [{ field: 'request_id', description: 'was used for another request' }],
      suggestion: 'Use a new id for every new request, and the same one only to repeat it.',
    },
  );
}

/** The same for the same request, in whichever order its inputs came. */
export const fingerprintOf = (request: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
