import type { Database } from '@cnap/postgres';
import type { Actor } from '@cnap/telemetry';
import { sql } from 'kysely';
import type { Pool } from 'pg';
import { LeaseLost, type Outcome } from './outcome.ts';

// oxlint-disable-next-line no-explicit-any -- the queue does not know the service's tables
type AnyDatabase = Database<any>;

/** A row that this process has a lease on. */
export type ClaimedTask = {
  kind: string;
  key: string;
  generation: string;
  lease_token: string;
  attempts: number;
  failing_since: Date | null;
  traceparent: string | null;
  actor: Actor | null;
};

/**
 * Takes the most overdue tasks, those whose worker stopped beating among them. `for update` passes over rows that
 * a `write` of their worker has locked, so nobody is replaced in the middle of one.
 */
export async function claimTasks(
  db: AnyDatabase,
  kinds: string[],
  limit: number,
  leaseMs: number,
): Promise<ClaimedTask[]> {
  const { rows } = await db.pool.query<ClaimedTask>({
    name: 'reconcile_claim',
    text: `
      with due as (
        select kind, key from reconcile_task where due_at <= now() and kind = any($1)
        order by due_at limit $2 for update skip locked)
      update reconcile_task as task
      set lease_token = gen_random_uuid(), due_at = now() + $3 * interval '1 ms', update_time = now()
      from due where task.kind = due.kind and task.key = due.key
      returning task.kind, task.key, generation, lease_token, attempts, failing_since, traceparent, actor`,
    values: [kinds, limit, leaseMs],
  });
  return rows;
}

/**
 * Extends leases. A row that somebody's transaction has locked (a wake about to commit) cannot be claimed either,
 * and must not hold up the others.
 * @returns those of `tokens` that nobody holds any more
 */
export async function extendLeases(pool: Pool, tokens: string[], leaseMs: number): Promise<string[]> {
  const { rows } = await pool.query<{ lease_token: string }>(
    `with held as (
       select kind, key from reconcile_task where lease_token = any($1::uuid[]) for no key update skip locked),
     extended as (
       update reconcile_task as task set due_at = now() + $2 * interval '1 ms' from held
       where task.kind = held.kind and task.key = held.key)
     select lease_token from reconcile_task where lease_token = any($1::uuid[])`,
    [tokens, leaseMs],
  );
  const held = new Set(rows.map((row) => row.lease_token));
  return tokens.filter((token) => !held.has(token));
}

const release = 'lease_token = null, update_time = now()';
const untroubled = 'attempts = 0, last_error = null, failing_since = null';

/** Gives a task back with its outcome; if it was woken meanwhile, it is due at once instead. */
export async function finishTask(db: AnyDatabase, task: ClaimedTask, outcome: Outcome): Promise<void> {
  const values: unknown[] = [task.lease_token, task.generation];
  let changes: string;
  if (outcome.outcome === 'done') {
    changes = `${untroubled}, waiting_for = null, due_at = case when generation <> $2 then now() end,
      done_at = case when generation = $2 then now() end`;
  } else if (outcome.outcome === 'requeue') {
    values.push(outcome.afterMs, outcome.reason ?? null);
    changes = `${untroubled}, waiting_for = $4,
      due_at = case when generation = $2 then now() + $3 * interval '1 ms' else now() end`;
  } else {
    values.push(outcome.reason);
    changes = `last_error = $3, failing_since = coalesce(failing_since, now()), waiting_for = null,
      attempts = attempts + 1,
      due_at = case when generation <> $2 then now() end, parked_at = case when generation = $2 then now() end`;
  }
  await db.pool.query({
    name: `reconcile_${outcome.outcome}`,
    text: `update reconcile_task set ${release}, ${changes} where lease_token = $1`,
    values,
  });
}

/** Gives a task back after a failure that may pass. */
export async function failTask(
  db: AnyDatabase,
  task: ClaimedTask,
  error: string,
  pauseMs: number,
): Promise<void> {
  await db.pool.query(
    `update reconcile_task set ${release}, attempts = attempts + 1, last_error = $3, waiting_for = null,
       failing_since = coalesce(failing_since, now()),
       due_at = case when generation = $2 then now() + $4 * interval '1 ms' else now() end
     where lease_token = $1`,
    [task.lease_token, task.generation, error, pauseMs],
  );
}

/** Gives tasks back untouched and due at once, for another worker. */
export async function returnTasks(db: AnyDatabase, tokens: string[]): Promise<void> {
  await db.pool.query(
    `with returned as (
       update reconcile_task set ${release}, due_at = now() where lease_token = any($1::uuid[]) returning 1)
     select pg_notify(current_schema() || '_reconcile', '') from returned limit 1`,
    [tokens],
  );
}

/**
 * A transaction across workspaces that holds the task's lease while it lasts. The lock keeps others from claiming
 * the task (`for update`) but lets it be woken (an update of columns that are no key), so that a request that has
 * changed the resource and is about to wake it does not end in a deadlock with its reconciler.
 */
export function writeWithLease<T>(
  db: AnyDatabase,
  leaseToken: string,
  work: Parameters<typeof db.acrossWorkspaces<T>>[0],
): Promise<T> {
  return db.acrossWorkspaces(async (tx) => {
    // Sent before anything of the work, in one piece with its first statement; without the lease all is rolled back.
    const lease = sql`
      select 1 from reconcile_task where lease_token = ${leaseToken} for key share`.execute(tx);
    const [held, worked] = await Promise.allSettled([lease, work(tx)]);
    if (held.status === 'rejected') throw held.reason;
    if (held.value.rows.length === 0) throw new LeaseLost('another worker has taken over');
    if (worked.status === 'rejected') throw worked.reason;
    return worked.value;
  });
}

/** How many tasks of these kinds are due or being worked on. */
export async function countBusy(db: AnyDatabase, kinds: string[]): Promise<number> {
  const { rows } = await db.pool.query<{ busy: number }>(
    `select count(*)::int as busy from reconcile_task
     where due_at is not null and (due_at <= now() or lease_token is not null) and kind = any($1)`,
    [kinds],
  );
  return rows[0]?.busy ?? 0;
}
