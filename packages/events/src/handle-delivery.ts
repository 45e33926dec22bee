import { fromBinary } from '@bufbuild/protobuf';
import { DomainError, messageOf } from '@cnap/errors';
import { isDatabaseUnavailable, type Database, type Tx } from '@cnap/postgres';
import { span, withActor, withTrace } from '@cnap/telemetry';
import { fromHeaders, type EventHeaders } from './cloud-event.ts';
import type { AnySubscription, FactHeader } from './event.ts';
import { buryDelivery, countFailure, enterInbox, type Delivery } from './inbox-store.ts';
import { matches } from './subject.ts';

/** What became of a delivery. */
export type DeliveryOutcome =
  | { outcome: 'handled' | 'duplicate' | 'ignored' }
  | { outcome: 'dead'; error: string }
  | { outcome: 'failed'; failures: number; error: string }
  /** Postgres or a service that was asked is away, which says nothing about the event. */
  | { outcome: 'postponed'; error: string };

/** So many failures of its handler put an event into the dead letters. */
export const failuresUntilDead = 10;

/** Handles an event: inbox row and effects in one transaction. Throws nothing. */
export async function handleDelivery(
  // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
  db: Database<any>,
  subscriptions: AnySubscription[],
  delivery: Delivery,
): Promise<DeliveryOutcome> {
  const interested = interestedIn(subscriptions, delivery.subject, delivery.headers);
  if (interested.length === 0) return { outcome: 'ignored' };
  try {
    try {
      return await db.acrossWorkspaces(async (tx) => {
        if (!(await enterInbox(tx, delivery, true))) return { outcome: 'duplicate' };
        await runHandlers(tx, interested, delivery);
        return { outcome: 'handled' };
      });
    } catch (error) {
      if (mayPass(error)) return { outcome: 'postponed', error: messageOf(error) };
      const text = messageOf(error).slice(0, 2_000);
      const failures = await countFailure(db, delivery.id, text);
      if (failures < failuresUntilDead) return { outcome: 'failed', failures, error: text };
      await buryDelivery(db, delivery, failures, text);
      return { outcome: 'dead', error: text };
    }
  } catch (error) {
    return { outcome: 'postponed', error: messageOf(error) };
  }
}

/** The subscriptions that an event is for. */
export function interestedIn(
  subscriptions: AnySubscription[],
  subject: string,
  headers: EventHeaders,
): AnySubscription[] {
  const named = subscriptions.filter((subscription) => matches(subscription.subject, subject));
  if (!named.some(({ wants }) => wants)) return named;
  try {
    const header = headerOf(headers);
    return named.filter(({ wants }) => wants?.(header) ?? true);
  } catch {
    return named; // which fails with what cannot be read, and says so
  }
}

function headerOf(headers: EventHeaders): FactHeader {
  const attributes = fromHeaders(headers);
  return { ...attributes, fact: attributes.type.slice(attributes.type.lastIndexOf('.') + 1) };
}

/** Runs the handlers with the trace and on behalf of the actor of the event. */
export async function runHandlers(
  // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
  tx: Tx<any>,
  subscriptions: AnySubscription[],
  delivery: Delivery,
): Promise<void> {
  const header = headerOf(delivery.headers);
  const { actor, traceparent, type } = header;
  for (const subscription of subscriptions) {
    const message = subscription.schema && fromBinary(subscription.schema, delivery.payload);
    const handle = (): Promise<void> =>
      span(`consume ${type}`, { 'event.id': header.id }, () =>
        subscription.handle(tx, { ...header, message }),
      );
    await withTrace(traceparent, () =>
      actor === undefined ? handle() : withActor({ ...actor, onBehalf: true }, handle),
    );
  }
}

/** Whether the failure is one of the network's or of another service's, and not of this event. */
function mayPass(error: unknown): boolean {
  if (isDatabaseUnavailable(error)) return true;
  return error instanceof DomainError && ['unavailable', 'deadline-exceeded', 'aborted'].includes(error.kind);
}
