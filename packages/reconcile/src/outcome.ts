import type { Tx } from '@cnap/postgres';

/** How a run ended. Throwing is the fourth way: a failure that may pass, tried again with growing pauses. */
export type Outcome =
  | { outcome: 'done' }
  | { outcome: 'requeue'; afterMs: number; reason?: string }
  | { outcome: 'permanent'; reason: string };

/** The resource is as it should be; it rests until the next wake. */
export const done: Outcome = { outcome: 'done' };

/** Nothing went wrong, but there is more to do or to look at later. `reason` is what it waits for. */
export function requeueAfter(afterMs: number, reason?: string): Outcome {
  return reason === undefined ? { outcome: 'requeue', afterMs } : { outcome: 'requeue', afterMs, reason };
}

/** No repetition can help; it rests, marked, until the next wake. */
export function permanently(reason: string): Outcome {
  return { outcome: 'permanent', reason };
}

/** What a reconciler is given: a name and nothing else, as the truth is in the tables and the world. */
export interface ReconcileContext {
  /** The resource's id. */
  readonly key: string;
  /** 1 for the first try since the last that did not throw. */
  readonly attempt: number;
  readonly failingSince: Date | undefined;
  /** Ends when the lease is lost or the process stops; hand it to every call. */
  readonly signal: AbortSignal;
  /**
   * A transaction across workspaces that only happens while this run holds its lease: a worker that was frozen
   * and wakes up after somebody took over cannot write.
   * @throws LeaseLost
   */
  // oxlint-disable-next-line no-explicit-any -- the queue does not know the service's tables
  write<T>(work: (tx: Tx<any>) => Promise<T>): Promise<T>;
}

/** Brings one resource a step closer to its wanted state. May be cut anywhere and runs again from the start. */
export type Reconcile = (context: ReconcileContext) => Promise<Outcome>;

/** Somebody else has the resource now, or the process stops. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}
