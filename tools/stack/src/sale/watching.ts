import { setTimeout as pause } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';

/** What ends a watch without the thing being wrong: the other side was restarted, or is too busy. */
const passing: ReadonlySet<Code> = new Set([Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted]);
const pauseMs = 250;

/** Goes on with a watch until the reader has enough: it is opened again when it ends or is cut. */
export async function* watching<T>(open: () => AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      yield* open();
    } catch (error) {
      signal.throwIfAborted();
      if (!passing.has(ConnectError.from(error).code)) throw error;
    }
    await pause(pauseMs, undefined, { signal });
  }
}
