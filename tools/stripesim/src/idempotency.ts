import { createHash } from 'node:crypto';
import { invalidRequest, StripeSimError } from './errors.ts';
import type { Clock } from './clock.ts';
import type { Store } from './store.ts';

export interface KeptAnswer {
  id: string;
  fingerprint: string;
  status: number;
  body: string;
  requestId: string;
  created: number;
}

const lifetimeSeconds = 24 * 3600;

/** First answers by account and key, for 24 hours (https://docs.stripe.com/api/idempotent_requests). */
export function createIdempotency(store: Store, clock: Clock) {
  const table = store.table<KeptAnswer>('idempotency');
  const idOf = (account: string, key: string): string => `${account} ${key}`;
  return {
    fingerprint: (method: string, path: string, body: string): string =>
      createHash('sha256').update(`${method} ${path}\n${body}`).digest('hex'),

    find(account: string, key: string, fingerprint: string): KeptAnswer | undefined {
      if (key.length > 255) throw invalidRequest('Idempotency keys can be at most 255 characters long.');
      const kept = table.get(idOf(account, key));
      if (!kept || kept.created + lifetimeSeconds <= clock.now()) return undefined;
      if (kept.fingerprint !== fingerprint) {
        throw new StripeSimError(
          400,
          `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
          { type: 'idempotency_error' },
        );
      }
      return kept;
    },

    keep(account: string, key: string, answer: Omit<KeptAnswer, 'id' | 'created'>): void {
      table.put(account, { ...answer, id: idOf(account, key), created: clock.now() });
    },

    forgetOld(): void {
      const old = [...table.rows()].filter((row) => row.value.created + lifetimeSeconds <= clock.now());
      store.transaction(() => old.forEach((row) => table.delete(row.value.id)));
    },
  };
}

export type Idempotency = ReturnType<typeof createIdempotency>;
