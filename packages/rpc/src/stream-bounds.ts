import { DomainError } from '@cnap/errors';

/** Something that ends a stream from outside: its idle limit, the call's signal, the port that closes. */
export type StreamEnd = {
  /** Rejects with the reason. */
  readonly ended: Promise<never>;
  /** A message passed in either direction. */
  touch(): void;
  release(): void;
};

/** Ends a stream when no message has passed for `idleMs`, when its call is aborted or when `closing` is. */
export function streamEnd(idleMs: number, signal: AbortSignal, closing: AbortSignal): StreamEnd {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  // Nobody may be waiting at the moment it ends.
  ended.catch(() => undefined);
  const onAbort = (): void => reject(signal.reason);
  const onClosing = (): void =>
    reject(new DomainError('unavailable', 'SHUTTING_DOWN', 'The server is restarting; call again.'));
  const onIdle = (): void =>
    reject(
      new DomainError(
        'unavailable',
        'STREAM_IDLE',
        `Nothing was sent for ${Math.round(idleMs / 1_000)} s; call again.`,
      ),
    );
  const timer = setTimeout(onIdle, idleMs);
  if (signal.aborted) onAbort();
  if (closing.aborted) onClosing();
  signal.addEventListener('abort', onAbort, { once: true });
  closing.addEventListener('abort', onClosing, { once: true });
  return {
    ended,
    touch: () => void timer.refresh(),
    release() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      closing.removeEventListener('abort', onClosing);
    },
  };
}

/** Passes messages on until the source ends or the stream is ended from outside. */
export async function* boundedBy<T>(source: AsyncIterable<T>, end: StreamEnd): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), end.ended]);
      if (next.done === true) {
        finished = true;
        return;
      }
      end.touch();
      yield next.value;
    }
  } finally {
    // A handler that waits for something returns when its signal tells it to; its answer is not waited for.
    if (!finished) iterator.return?.()?.then(undefined, () => undefined);
  }
}
