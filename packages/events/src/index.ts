export type { DeadLetter, DeadLetterPage, Replay } from './dead-letter.ts';
export {
  subscribe,
  subscribeToHeaders,
  type AnySubscription,
  type Fact,
  type FactHeader,
  type HeaderSubscription,
  type ReceivedEvent,
  type Subscription,
} from './event.ts';
export { eventsMigrations } from './migrations.ts';
export { publish } from './publish.ts';
export { startEvents, type Events, type EventsOptions } from './start-events.ts';
