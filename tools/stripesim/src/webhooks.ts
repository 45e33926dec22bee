import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from './faults.ts';
import { newId } from './ids.ts';
import { platformAccount } from './simulation.ts';
import type { Event } from './resources/event.ts';
import type { Settings } from './settings.ts';
import { signatureHeader } from './signature.ts';
import type { Store } from './store.ts';

export interface Delivery {
  id: string;
  event: string;
  type: string;
  account: string | null;
  url: string;
  status: 'pending' | 'delivered' | 'failed' | 'dropped';
  attempts: number;
  /** Why the last attempt failed. */
  error: string | null;
  /** Real time, milliseconds: not before. */
  not_before: number;
}

export interface Webhooks extends AsyncDisposable {
  /** Inside the transaction of the change that it tells of. */
  enqueue(event: Event): void;
  /** Sends an event again to every endpoint, past all faults. */
  resend(event: Event): Delivery[];
  deliveries(): Delivery[];
  /** Resolves when nothing waits to be sent any more. */
  idle(signal?: AbortSignal): Promise<void>;
}

const longestPauseMs = 60_000;
const longestHoldMs = 2_000;
/** How many settled deliveries are kept to be looked at. */
const keptDeliveries = 5_000;

export function startWebhooks(store: Store, settings: Settings, faults: Faults): Webhooks {
  const table = store.table<Delivery>('delivery');
  const events = store.table<Event>('event');
  const stop = new AbortController();
  const queues = new Map<string, string[]>();
  const working = new Map<string, Promise<void>>();
  const waiting = new Map<string, NodeJS.Timeout>();
  let held: { ids: Delivery[]; wanted: number; timer: NodeJS.Timeout } | undefined;
  let waiters: (() => void)[] = [];

  const keep = (delivery: Delivery): Delivery =>
    store.transaction(() => table.put(delivery.account ?? platformAccount, delivery));

  const checkIdle = (): void => {
    if (working.size > 0 || waiting.size > 0 || held) return;
    const resolved = waiters;
    waiters = [];
    for (const resolve of resolved) resolve();
  };

  const queue = (delivery: Delivery): void => {
    if (stop.signal.aborted) return;
    const pause = delivery.not_before - Date.now();
    if (pause > 0) {
      const timer = setTimeout(() => {
        waiting.delete(delivery.id);
        queue({ ...delivery, not_before: 0 });
      }, pause);
      waiting.set(delivery.id, timer);
      return;
    }
    const line = queues.get(delivery.url) ?? [];
    queues.set(delivery.url, line);
    line.push(delivery.id);
    if (!working.has(delivery.url)) {
      const work = drain(delivery.url, line).finally(() => {
        working.delete(delivery.url);
        checkIdle();
      });
      working.set(delivery.url, work);
    }
  };

  /** One after the other per endpoint, so that what is not retried arrives in order. */
  const drain = async (url: string, line: string[]): Promise<void> => {
    for (let id = line.shift(); id !== undefined && !stop.signal.aborted; id = line.shift()) {
      const delivery = table.get(id);
      if (delivery?.status === 'pending') await attempt(delivery);
    }
  };

  const attempt = async (delivery: Delivery): Promise<void> => {
    const endpoint = settings.webhooks.find((candidate) => candidate.url === delivery.url);
    const event = events.get(delivery.event);
    if (!endpoint || !event) {
      keep({ ...delivery, status: 'dropped', error: 'the endpoint or the event is gone' });
      return;
    }
    const error = await send(event, endpoint.url, endpoint.secret);
    if (stop.signal.aborted) return;
    const attempts = delivery.attempts + 1;
    if (error === null) {
      store.transaction(() => {
        keep({ ...delivery, status: 'delivered', attempts, error });
        const open = Math.max(0, Number(event.pending_webhooks) - 1);
        events.put(delivery.account ?? platformAccount, { ...event, pending_webhooks: open });
      });
    } else if (attempts >= settings.webhookAttempts) {
      keep({ ...delivery, status: 'failed', attempts, error });
    } else {
      const pause = Math.min(longestPauseMs, settings.webhookRetryMs * 2 ** Math.min(delivery.attempts, 16));
      queue(keep({ ...delivery, attempts, error, not_before: Date.now() + pause }));
    }
  };

  const send = async (event: Event, url: string, secret: string): Promise<string | null> => {
    const body = JSON.stringify(event, null, 2);
    const timestamp = Math.floor(Date.now() / 1000);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signatureHeader(body, secret, timestamp),
          'user-agent': 'Stripe/1.0 (+https://docs.stripe.com/webhooks; stripesim)',
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(settings.webhookTimeoutMs)]),
      });
      await response.body?.cancel();
      return response.ok ? null : `answered ${response.status}`;
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      return cause instanceof Error ? cause.message : String(cause);
    }
  };

  const release = (): void => {
    if (!held) return;
    clearTimeout(held.timer);
    const { ids } = held;
    held = undefined;
    for (const delivery of ids.toReversed()) queue(delivery);
  };

  const deliveryOf = (event: Event, url: string): Delivery => ({
    id: newId('whd'),
    event: event.id,
    type: event.type,
    account: event.account ?? null,
    url,
    status: 'pending',
    attempts: 0,
    error: null,
    not_before: 0,
  });

  const enqueueAt = (event: Event, url: string): void => {
    const subject = { type: event.type, account: event.account ?? platformAccount };
    const delivery = deliveryOf(event, url);
    if (faults.hit(['webhook-drop'], subject)) {
      keep({ ...delivery, status: 'dropped', error: 'dropped by a fault' });
      return;
    }
    const delay = faults.hit(['webhook-delay'], subject);
    const first = keep({ ...delivery, not_before: delay ? Date.now() + delay.delay_ms : 0 });
    const copies = (faults.hit(['webhook-duplicate'], subject)?.count ?? 1) - 1;
    const all = [first, ...Array.from({ length: copies }, () => keep(deliveryOf(event, url)))];
    const reorder = held ? undefined : faults.hit(['webhook-reorder'], subject);
    store.afterCommit(() => {
      if (reorder) held = { ids: [], wanted: reorder.count, timer: setTimeout(release, longestHoldMs) };
      if (!held) {
        for (const item of all) queue(item);
        return;
      }
      held.ids.push(...all);
      if (held.ids.length >= held.wanted) release();
    });
  };

  const forget = (): void => {
    const settled = [...table.rows()].filter((row) => row.value.status !== 'pending');
    const surplus = settled.slice(0, Math.max(0, settled.length - keptDeliveries));
    store.transaction(() => surplus.forEach((row) => table.delete(row.value.id)));
  };

  forget();
  for (const row of table.rows()) if (row.value.status === 'pending') queue(row.value);

  return {
    enqueue(event) {
      for (const { url } of settings.webhooks) enqueueAt(event, url);
    },
    resend: (event) =>
      settings.webhooks.map(({ url }) => {
        const delivery = keep(deliveryOf(event, url));
        queue(delivery);
        return delivery;
      }),
    deliveries: () => [...table.rows()].map((row) => row.value),
    async idle(signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiters.push(resolve);
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      await sleep(0);
      checkIdle();
      await promise;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
      if (held) clearTimeout(held.timer);
      held = undefined;
      await Promise.all(working.values());
    },
  };
}
