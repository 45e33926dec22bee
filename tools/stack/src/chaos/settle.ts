import { setTimeout as pause } from 'node:timers/promises';
import { serviceNames } from '@cnap/proto';
import type { Pool } from 'pg';
import { isFinal, violationsIn, type Violation } from './check.ts';
import type { Found } from './found.ts';

const lookMs = 3_000;

/** Looks until nothing is wrong, and at the end of its patience says what still is. */
export async function settle(
  look: () => Promise<Found>,
  { database, untilMs, now, stop }: { database: Pool; untilMs: number; now: () => number; stop: AbortSignal },
  onLook: (violations: readonly Violation[]) => void,
): Promise<{ found: Found; violations: Violation[] }> {
  for (;;) {
    const found = await look();
    const violations = violationsIn(found);
    onLook(violations);
    if (violations.every(isFinal) || now() > untilMs) return { found, violations };
    await lookAgain(database);
    await pause(lookMs, undefined, { signal: stop });
  }
}

/**
 * What looks again by itself every 5 minutes, because facts and webhooks can be lost, does so now: as if the time had
 * passed. What fails keeps its pauses.
 */
async function lookAgain(database: Pool): Promise<void> {
  for (const service of serviceNames) {
    await database.query(
      `update ${service}.reconcile_task set due_at = now()
       where due_at > now() + interval '20 s' and lease_token is null and done_at is null and attempts = 0`,
    );
  }
}
