import { DomainError } from '@cnap/errors';
import type { Stripe } from 'stripe';
import type { EventRefs } from '../database.ts';
import type { Webhooks } from '../stripe-event/port.ts';
import { onAccount, type StripeClient } from './client.ts';
import { isMissing } from './errors.ts';

/** https://docs.stripe.com/webhooks#replay-attacks */
const toleranceSeconds = 300;

/**
 * Checks and reads webhooks. Several secrets may be valid at a time: while one is being replaced, and as Stripe gives
 * the endpoint for connected accounts another one than the platform's own.
 */
export function stripeWebhooks({ sdk, call }: StripeClient, secrets: readonly string[]): Webhooks {
  return {
    read(body, signature) {
      if (signature === undefined || signature === '') throw invalid('The request is not signed.');
      const event = verified(sdk, body, signature, secrets);
      const object = event.data.object as unknown as Plain;
      return { id: event.id, type: event.type, accountId: event.account ?? '', refs: refsOf(object) };
    },

    async ownerOfPayment(accountId, paymentIntentId) {
      try {
        const intent = await call('paymentIntents.retrieve', () =>
          sdk.paymentIntents.retrieve(paymentIntentId, {}, onAccount(accountId)),
        );
        const orderId = intent.metadata['orderId'];
        if (orderId !== undefined) return { orderId };
      } catch (error) {
        if (isMissing(error)) return {};
        throw error;
      }
      // Payments of subscriptions carry no metadata of theirs.
      const payments = await call('invoicePayments.list', () =>
        sdk.invoicePayments.list(
          { payment: { type: 'payment_intent', payment_intent: paymentIntentId }, expand: ['data.invoice'] },
          onAccount(accountId),
        ),
      );
      const invoice = payments.data[0]?.invoice;
      return typeof invoice === 'object' && !invoice.deleted ? refsOf(invoice as unknown as Plain) : {};
    },
  };
}

function verified(sdk: Stripe, body: Buffer, signature: string, secrets: readonly string[]): Stripe.Event {
  let last: unknown;
  for (const secret of secrets) {
    try {
      return sdk.webhooks.constructEvent(body, signature, secret, toleranceSeconds);
    } catch (error) {
      last = error;
    }
  }
  if (last instanceof SyntaxError) throw invalid('The body is not JSON.');
  const old = last instanceof Error && last.message.includes('Timestamp outside the tolerance');
  throw invalid(
    old ? 'The signature is more than 5 minutes old.' : 'The signature does not belong to this body.',
    last,
  );
}

const invalid = (message: string, cause?: unknown): DomainError =>
  new DomainError('invalid-argument', 'WEBHOOK_SIGNATURE_INVALID', message, {
    suggestion: 'Webhooks are signed by Stripe with the secret of this endpoint and sent on unchanged.',
    cause,
  });

type Plain = Record<string, unknown>;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const plainOf = (value: unknown): Plain =>
  typeof value === 'object' && value !== null ? (value as Plain) : {};

/** Ids by which the order of an object is found, wherever Stripe keeps them in objects of its kind. */
function refsOf(object: Plain): EventRefs {
  const id = textOf(object['id']);
  const kind = textOf(object['object']);
  // Of invoices: https://docs.stripe.com/api/invoices/object#invoice_object-parent
  const parent = plainOf(plainOf(object['parent'])['subscription_details']);
  const refs: Record<keyof EventRefs, string | undefined> = {
    objectId: kind === 'price' ? id : kind === 'product' ? id : undefined,
    orderId:
      textOf(plainOf(object['metadata'])['orderId']) ??
      textOf(plainOf(parent['metadata'])['orderId']) ??
      textOf(object['client_reference_id']),
    sessionId: kind === 'checkout.session' ? id : undefined,
    paymentIntentId: kind === 'payment_intent' ? id : textOf(object['payment_intent']),
    subscriptionId:
      kind === 'subscription' ? id : (textOf(object['subscription']) ?? textOf(parent['subscription'])),
  };
  return Object.fromEntries(Object.entries(refs).filter(([, value]) => value !== undefined));
}
