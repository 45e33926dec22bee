import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { Client, escapeIdentifier } from 'pg';

/** Hears Postgres notifications on one session of its own, which is opened again whenever it is lost. */
export interface Listener extends AsyncDisposable {
  /**
   * Calls `notified` for every notification on the channel, and also whenever the session was (re)opened, as some
   * may have been missed meanwhile.
   */
  listen(channel: string, notified: () => void): Disposable;
}

const retryMs = 500;

/** A listener that connects with the first `listen`. Nothing it meets is an error to its users: they poll as well. */
export function createListener(config: pg.ClientConfig): Listener {
  const channels = new Map<string, Set<() => void>>();
  const stop = new AbortController();
  let current: pg.Client | undefined;
  let running: Promise<void> | undefined;

  const session = async (): Promise<void> => {
    const client = new Client({ ...config, keepAlive: true });
    const gone = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
      stop.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await client.connect();
      client.on('notification', ({ channel }) => channels.get(channel)?.forEach((notified) => notified()));
      for (const channel of channels.keys()) await client.query(`listen ${escapeIdentifier(channel)}`);
      current = client;
      for (const listeners of channels.values()) listeners.forEach((notified) => notified());
      await gone;
    } finally {
      current = undefined;
      await client.end().catch(() => undefined);
    }
  };
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await session().catch(() => undefined);
      await pause(retryMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  };

  return {
    listen(channel, notified) {
      const listeners = channels.get(channel) ?? new Set();
      const isNew = listeners.size === 0;
      channels.set(channel, listeners.add(notified));
      running ??= run();
      // On failure the session ends too, and the next one listens to everything again.
      if (isNew) current?.query(`listen ${escapeIdentifier(channel)}`).then(notified, () => undefined);
      return { [Symbol.dispose]: () => void listeners.delete(notified) };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
