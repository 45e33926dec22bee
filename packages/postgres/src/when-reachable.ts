import { setTimeout as pause } from 'node:timers/promises';
import { isDatabaseUnavailable } from './failure.ts';

const firstPauseMs = 100;
const longestPauseMs = 3_000;

/**
 * Does what a process needs to have done before it can start. A database that is away is waited for, however long it
 * takes: a process that ends instead is started again with pauses that last longer than the database was away.
 * @param onWait hears why it has to be tried again
 */
export async function whenReachable<T>(work: () => Promise<T>, onWait: (error: unknown) => void): Promise<T> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      onWait(error);
      await pause(pauseMs);
    }
  }
}
