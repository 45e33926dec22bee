import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Tx } from '@cnap/postgres';
import type { Actor } from '@cnap/telemetry';

/** Something that happened to a resource, in the past tense: `billing`, `order`, `fulfilled`. */
export type Fact<S extends DescMessage = DescMessage> = {
  service: string;
  resource: string;
  fact: string;
  /** The resource's id. */
  id: string;
  /** The resource's version after it; grows with every fact of the resource. */
  version: number;
  /** Those who may learn of it. */
  workspaceIds: string[];
  schema: S;
  message: MessageShape<S>;
};

/** A fact as its consumer sees it. */
export type ReceivedEvent<M> = {
  /** The same for every delivery of the event. */
  id: string;
  /** `billing.v1.order.fulfilled` */
  type: string;
  /** `fulfilled` */
  fact: string;
  resourceId: string;
  /** One that is smaller than that of an event already seen of the same resource is old news. */
  version: number;
  workspaceIds: string[];
  time: Date;
  actor: Actor | undefined;
  traceparent: string | undefined;
  message: M;
};

/** What a service does with events of another. */
export type Subscription<S extends DescMessage = DescMessage> = {
  /** `installer.v1.install.*`; the service is always named. */
  subject: string;
  schema: S;
  /** Runs at most once to its end per event: what it writes with `tx` commits together with the inbox row. */
  handle(
    // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
    tx: Tx<any>,
    event: ReceivedEvent<MessageShape<S>>,
  ): Promise<void>;
};

/** A fact without its message: what its headers say. */
export type FactHeader = Omit<ReceivedEvent<never>, 'message'>;

/** What a service does with facts whatever their messages are: it keeps a history of them. */
export type HeaderSubscription = {
  /** `installer.v1.>`; the service is always named. */
  subject: string;
  /** What it is not interested in leaves no trace: no transaction, no inbox row. Everything unless told. */
  wants?(fact: FactHeader): boolean;
  /** As in {@link Subscription}; called for old news, too: a dead letter that was overtaken is history all the same. */
  handle(
    // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
    tx: Tx<any>,
    fact: FactHeader,
  ): Promise<void>;
};

/** A subscription whose message type the list of subscriptions need not know. */
export type AnySubscription = Omit<Subscription, 'handle' | 'schema'> & {
  /** Absent: messages are not decoded. */
  schema?: DescMessage;
  wants?(fact: FactHeader): boolean;
  handle(
    // oxlint-disable-next-line no-explicit-any -- the package does not know the service's tables
    tx: Tx<any>,
    // oxlint-disable-next-line no-explicit-any -- messages of any type
    event: ReceivedEvent<any>,
  ): Promise<void>;
};

/** Checks a subscription's types and makes it fit for {@link startEvents}. */
export function subscribe<S extends DescMessage>(subscription: Subscription<S>): AnySubscription {
  return withSubject(subscription);
}

/** Makes a subscription to facts of any kind fit for {@link startEvents}. */
export function subscribeToHeaders(subscription: HeaderSubscription): AnySubscription {
  return withSubject(subscription);
}

function withSubject<S extends { subject: string }>(subscription: S): S {
  if (!/^[a-z]+\.v[0-9]+\.(>|[a-z*_-]+\.(>|[a-z*_-]+))$/.test(subscription.subject)) {
    throw new Error(`not a subject like installer.v1.install.*: ${subscription.subject}`);
  }
  return subscription;
}
