import type { Database } from '@cnap/postgres';

const pollMs = 1_000;

/** What a Watch stream follows. */
export type WatchedRow<Row> = {
  // oxlint-disable-next-line no-explicit-any -- any service's tables
  db: Pick<Database<any>, 'listen'>;
  /** Channel that writers notify; a lost notification costs a second. */
  channel: string;
  signal: AbortSignal;
  /** Reads the row as the caller may see it; undefined when it is gone. */
  read: () => Promise<Row | undefined>;
  /** Differs whenever the row was changed. */
  versionOf: (row: Row) => string;
};

/** Yields a row at once and after each change, until it is gone or the signal ends the stream. */
export async function* watchRow<Row>({
  db,
  channel,
  signal,
  read,
  versionOf,
}: WatchedRow<Row>): AsyncGenerator<Row> {
  let changed = Promise.withResolvers<void>();
  using _listening = db.listen(channel, () => changed.resolve());
  const onAbort = () => changed.resolve();
  signal.addEventListener('abort', onAbort);
  try {
    let seen: string | undefined;
    while (!signal.aborted) {
      const row = await read();
      if (row === undefined) return;
      if (versionOf(row) !== seen) {
        seen = versionOf(row);
        yield row;
      }
      const timer = setTimeout(() => changed.resolve(), pollMs);
      await changed.promise;
      clearTimeout(timer);
      changed = Promise.withResolvers();
      if (signal.aborted) return;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
