import { LeaseLost } from './outcome.ts';

/**
 * What this process knows of its lease on a task. When it may have run out, because no heartbeat got through or the
 * process was stopped meanwhile, the run is aborted: another worker may be at it, and fences only hold for what is
 * written to the database, not for calls to outside systems.
 */
export type Lease = {
  readonly signal: AbortSignal;
  /** @param askedAt when the database was asked to extend it, in the time of `performance.now()` */
  extended(askedAt: number): void;
  lose(why: string): void;
  /** The run is over. */
  end(): void;
};

/** @param askedAt when the database was asked for it: the lease began then at the earliest */
export function holdLease(leaseMs: number, askedAt: number): Lease {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const lose = (why: string) => abort.abort(new LeaseLost(why));
  const extended = (at: number) => {
    clearTimeout(timer);
    const leftMs = Math.max(0, at + leaseMs - performance.now());
    timer = setTimeout(lose, leftMs, 'the lease could not be extended in time');
  };
  extended(askedAt);
  return { signal: abort.signal, extended, lose, end: () => clearTimeout(timer) };
}
