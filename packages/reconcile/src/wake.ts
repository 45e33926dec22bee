import type { Tx } from '@cnap/postgres';
import { currentActor, currentTraceparent } from '@cnap/telemetry';
import { sql } from 'kysely';

/** The notification channel of a schema's queue. */
export const channelOf = (schema: string): string => `${schema}_reconcile`;

/**
 * Asks, as part of the transaction, that a resource be brought to its wanted state. A resource that is being
 * reconciled right now is reconciled once more afterwards; one that waits, failed or is parked, is due now.
 * Trace and actor of the caller go along. Transactions that wake several resources do so in the order of their
 * keys, or two of them may wait for each other.
 * @param options.afterMs not before so many milliseconds; never later than what was planned already
 */
export function wake(
  // oxlint-disable-next-line no-explicit-any -- any service's tables
  tx: Tx<any>,
  kind: string,
  key: string,
  { afterMs = 0 }: { afterMs?: number } = {},
): Promise<void> {
  return wakeMany(tx, kind, [{ key, afterMs }]);
}

/** As {@link wake}, for many of a kind in one statement; no key twice. */
export async function wakeMany(
  // oxlint-disable-next-line no-explicit-any -- any service's tables
  tx: Tx<any>,
  kind: string,
  tasks: readonly { key: string; afterMs?: number }[],
): Promise<void> {
  if (!tx.isTransaction) throw new Error('wake needs a transaction: the task and its reason commit together');
  const actor = currentActor();
  const keys = tasks.map(({ key }) => key);
  const pauses = tasks.map(({ afterMs = 0 }) => afterMs);
  await sql`
    with woken as (
      insert into reconcile_task as task (kind, key, due_at, traceparent, actor)
      select ${kind}, key, now() + after_ms * interval '1 ms', ${currentTraceparent() ?? null},
        ${actor === undefined ? null : JSON.stringify(actor)}::jsonb
      from unnest(${keys}::text[], ${pauses}::float8[]) as due (key, after_ms)
      order by key
      on conflict (kind, key) do update set
        generation = task.generation + 1,
        due_at = case when task.lease_token is null then least(task.due_at, excluded.due_at) else task.due_at end,
        done_at = null, parked_at = null, update_time = now(),
        traceparent = coalesce(excluded.traceparent, task.traceparent),
        actor = coalesce(excluded.actor, task.actor)
      returning 1)
    select pg_notify(current_schema() || '_reconcile', '') from woken limit 1`.execute(tx);
}
