import { fromBinary } from '@bufbuild/protobuf';
import { DomainError, messageOf } from '@cnap/errors';
import { isDatabaseUnavailable, type Database, type Tx } from '@cnap/postgres';
import { span, withActor, withTrace } from '@cnap/telemetry';
import { fromHeaders } from './cloud-event.ts';
import type { AnySubscription } from './event.ts';
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
  const interested = subscriptions.filter(({ subject }) => matches(subject, delivery.subject));
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

/** Runs the handlers with the trace and on behalf of the actor of the event. */
export async function runHandlers(
  // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
  tx: Tx<any>,
  subscriptions: AnySubscription[],
  delivery: Delivery,
): Promise<void> {
  const attributes = fromHeaders(delivery.headers);
  const { actor, traceparent, type } = attributes;
  const fact = type.slice(type.lastIndexOf('.') + 1);
  for (const subscription of subscriptions) {
    const message = fromBinary(subscription.schema, delivery.payload);
    const handle = (): Promise<void> =>
      span(`consume ${type}`, { 'event.id': attributes.id }, () =>
        subscription.handle(tx, { ...attributes, fact, message }),
      );
    await withTrace(traceparent, () => (actor === undefined ? handle() : withActor(actor, handle)));
  }
}

/** Whether the failure is one of the network's or of another service's, and not of this event. */
function mayPass(error: unknown): boolean {
  if (isDatabaseUnavailable(error)) return true;
  return error instanceof DomainError && ['unavailable', 'deadline-exceeded', 'aborted'].includes(error.kind);
}
