import { createHash } from 'node:crypto';
import { DomainError } from '@cnap/errors';
import type { Database } from '../database.ts';
import { countUse, forgetUses } from './store.ts';

const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;

/** How often something may be done within a window, by one subject: an address, an account, a workspace. */
const limits = {
  'sign-in by address': { uses: 60, windowMs: quarterMs },
  'sign-in by account': { uses: 10, windowMs: quarterMs },
  'sign-up by address': { uses: 20, windowMs: 4 * quarterMs },
  'mail by address': { uses: 30, windowMs: quarterMs },
  'mail by account': { uses: 5, windowMs: quarterMs },
  'code by address': { uses: 60, windowMs: quarterMs },
  'device by address': { uses: 30, windowMs: quarterMs },
  'poll by address': { uses: 1_200, windowMs: quarterMs },
  'wrong token by address': { uses: 1_200, windowMs: minuteMs },
  'auth by address': { uses: 1_200, windowMs: minuteMs },
  'invitation by workspace': { uses: 50, windowMs: 4 * quarterMs },
  'invitation secret by address': { uses: 60, windowMs: quarterMs },
} satisfies Record<string, { uses: number; windowMs: number }>;

export type Limit = keyof typeof limits;

/** Too much; `retryAfterSeconds` stands in the metadata, from where it becomes the header Retry-After. */
const exceeded = (retryAfterSeconds: number): DomainError =>
  new DomainError('resource-exhausted', 'RATE_LIMITED', 'There were too many attempts.', {
    metadata: { retryAfterSeconds: String(retryAfterSeconds) },
    suggestion: `Try again in ${retryAfterSeconds} seconds.`,
  });

/**
 * Counts one use, in a transaction of its own, so that a failure of what follows does not take it back.
 * @throws DomainError resource-exhausted RATE_LIMITED
 */
export async function takeFrom(db: Database, limit: Limit, subject: string): Promise<void> {
  const { uses, windowMs } = limits[limit];
  const seen = await db.acrossWorkspaces((tx) => countUse(tx, keyOf(limit, subject), windowMs));
  if (seen.uses > uses) throw exceeded(Math.max(1, Math.ceil(seen.endsInMs / 1_000)));
}

/** Forgets the uses of a subject: after a success, what came before it counts no more. */
export const giveBack = (db: Database, limit: Limit, subject: string): Promise<void> =>
  db.acrossWorkspaces((tx) => forgetUses(tx, keyOf(limit, subject)));

/** Neither addresses nor accounts stand in the table. */
const keyOf = (limit: Limit, subject: string): Uint8Array =>
  createHash('sha256').update(`${limit}\n${subject}`).digest();

/** Whoever has one IPv6 address has a /64 of them. */
export function addressSubject(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().split('%', 1)[0]?.split('::') ?? [];
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}
