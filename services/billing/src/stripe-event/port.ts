import type { EventRefs } from '../database.ts';

/** What is kept of a webhook. */
export type ReceivedEvent = {
  id: string;
  type: string;
  /** Empty for events of the platform's own account. */
  accountId: string;
  refs: EventRefs;
};

/** Reads webhooks. */
export type Webhooks = {
  /** @throws DomainError WEBHOOK_SIGNATURE_INVALID when it is not signed by Stripe, or too long ago */
  read(body: Buffer, signature: string | undefined): ReceivedEvent;
  /** What a payment belongs to: by its metadata an order, by its invoice a subscription. */
  ownerOfPayment(accountId: string, paymentIntentId: string): Promise<EventRefs>;
};
