import { setTimeout as pause } from 'node:timers/promises';
import { Code, ConnectError } from '@cnap/client';
import { DomainError } from '@cnap/errors';

const triesAtMost = 5;
const pauseMs = 1_000;

/** Does again what found a service away: a machine that starts everything at once is busy. Only for what may be repeated. */
export async function askAgain<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isAway(error) || tries === triesAtMost) throw error;
      await pause(pauseMs);
    }
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof DomainError
    ? error.kind === 'unavailable'
    : error instanceof ConnectError && error.code === Code.Unavailable;
