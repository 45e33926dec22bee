import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '@cnap/postgres';
import type { CatalogDatabase } from '../database.ts';
import { packageChannel } from './store.ts';

const longestWaitMs = 1_000;
const shortestWaitMs = 50;

/**
 * Yields at once, then whenever any package may have changed, and at least once a second, until the signal is
 * aborted. Notifications only make it quicker: who is looking reads what there is.
 */
export async function* looks(db: Database<CatalogDatabase>, signal: AbortSignal): AsyncGenerator<void> {
  let notified = Promise.withResolvers<void>();
  using stack = new DisposableStack();
  stack.use(db.listen(packageChannel, () => notified.resolve()));
  while (!signal.aborted) {
    yield;
    const enough = new AbortController();
    const ends = AbortSignal.any([signal, enough.signal]);
    await Promise.race([
      notified.promise,
      pause(longestWaitMs, undefined, { signal: ends }).catch(() => undefined),
    ]);
    enough.abort();
    notified = Promise.withResolvers<void>();
    // A build writes several times in a row; one look sees them all.
    await pause(shortestWaitMs, undefined, { signal }).catch(() => undefined);
  }
}
