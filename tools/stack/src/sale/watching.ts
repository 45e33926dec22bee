import { setTimeout as pause } from 'node:timers/promises';
import { Code, ConnectError } from '@connectrpc/connect';

/**
 * What ends a watch without the thing being wrong: the other side was restarted, or is too busy. The platform answers
 * nothing with Unknown or DataLoss: those are the client's words for a stream that was cut.
 */
const passing: ReadonlySet<Code> = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Unknown,
  Code.DataLoss,
]);
const pauseMs = 250;

/**
 * Goes on with a watch until the reader has enough: it is opened again when it ends or is cut, and ended at the
 * server too when the reader leaves.
 */
export async function* watching<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const enough = new AbortController();
  const both = AbortSignal.any([signal, enough.signal]);
  try {
    for (;;) {
      signal.throwIfAborted();
      try {
        yield* open(both);
      } catch (error) {
        signal.throwIfAborted();
        if (!passing.has(ConnectError.from(error).code)) throw error;
      }
      await pause(pauseMs, undefined, { signal });
    }
  } finally {
    enough.abort();
  }
}
