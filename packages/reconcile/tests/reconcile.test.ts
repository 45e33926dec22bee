import { eventually, testDatabase, type TestDatabase } from '@cnap/testing';
import type { Migration, Tx } from '@cnap/postgres';
import { currentActor, currentTraceId, withActor, withTrace } from '@cnap/telemetry';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  done,
  LeaseLost,
  permanently,
  reconcileMigrations,
  requeueAfter,
  startReconcilers,
  wake,
  type Reconcile,
  type ReconcilerOptions,
} from '../src/index.ts';

type Tables = {
  effect: { key: string };
  reconcile_task: {
    kind: string;
    key: string;
    attempts: number;
    last_error: string | null;
    failing_since: Date | null;
    waiting_for: string | null;
    done_at: Date | null;
    parked_at: Date | null;
    due_at: Date | null;
    lease_token: string | null;
  };
};

const migrations: Record<string, Migration> = {
  ...reconcileMigrations,
  '0001_effect': { up: async (db) => void (await sql`create table effect (key text not null)`.execute(db)) },
};

let database: TestDatabase<Tables>;
beforeAll(async () => {
  database = await testDatabase<Tables>('worker', migrations);
});
afterAll(() => database[Symbol.asyncDispose]());

let kinds = 0;
/** A kind of its own for each test, with its reconciler running. */
async function reconciling(reconcile: Reconcile, options: Partial<ReconcilerOptions> = {}) {
  const kind = `kind${(kinds += 1)}`;
  const { db } = database;
  const start = () =>
    startReconcilers({
      db,
      reconcilers: { [kind]: reconcile },
      firstPauseMs: 1,
      longestPauseMs: 5,
      ...options,
    });
  const running = await start();
  const wakeUp = (key: string, afterMs?: number) =>
    db.acrossWorkspaces((tx) => wake(tx, kind, key, afterMs === undefined ? {} : { afterMs }));
  const task = async (key: string) =>
    db.kysely
      .selectFrom('reconcile_task')
      .selectAll()
      .where('kind', '=', kind)
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
  return { kind, start, wakeUp, task, running, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test('what was woken is reconciled, and rests then', async () => {
  const keys: string[] = [];
  await using queue = await reconciling(async ({ key }) => {
    keys.push(key);
    return done;
  });
  await queue.wakeUp('a');
  await queue.running.idle();
  expect(keys).toEqual(['a']);
  expect(await queue.task('a')).toMatchObject({ due_at: null, lease_token: null, done_at: expect.any(Date) });
});

test('a wake exists only if its transaction commits, and only in a transaction', async () => {
  const keys: string[] = [];
  await using queue = await reconciling(async ({ key }) => {
    keys.push(key);
    return done;
  });
  const failing = database.db.acrossWorkspaces(async (tx) => {
    await wake(tx, queue.kind, 'rolled back');
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  await expect(wake(database.db.kysely as Tx<Tables>, queue.kind, 'bare')).rejects.toThrow(/transaction/);
  await queue.wakeUp('committed');
  await queue.running.idle();
  expect(keys).toEqual(['committed']);
});

test('woken while it runs, it runs once more', async () => {
  let runs = 0;
  const inside = gate();
  const goOn = gate();
  await using queue = await reconciling(async () => {
    runs += 1;
    inside.open();
    await goOn.opened;
    return done;
  });
  await queue.wakeUp('a');
  await inside.opened;
  await queue.wakeUp('a');
  await queue.wakeUp('a');
  goOn.open();
  await queue.running.idle();
  expect(runs).toBe(2);
});

test('a failure is repeated, and visible until it is over', async () => {
  const attempts: number[] = [];
  let broken = true;
  const { promise: failedThrice, resolve } = Promise.withResolvers<void>();
  await using queue = await reconciling(async ({ attempt, failingSince }) => {
    attempts.push(attempt);
    expect(failingSince === undefined).toBe(attempt === 1);
    if (attempt > 3) resolve();
    if (broken) throw new Error('cluster does not answer', { cause: new Error('ECONNREFUSED') });
    return done;
  });
  await queue.wakeUp('a');
  await failedThrice;
  expect(await queue.task('a')).toMatchObject({
    last_error: 'cluster does not answer: ECONNREFUSED',
    failing_since: expect.any(Date),
    done_at: null,
  });
  broken = false;
  await eventually(async () => expect((await queue.task('a')).done_at).not.toBeNull());
  expect(await queue.task('a')).toMatchObject({ attempts: 0, last_error: null, failing_since: null });
  expect(attempts.slice(0, 4)).toEqual([1, 2, 3, 4]);
});

test('a permanent failure rests until the next wake', async () => {
  let runs = 0;
  await using queue = await reconciling(async () =>
    (runs += 1) === 1 ? permanently('no such chart') : done,
  );
  await queue.wakeUp('a');
  await queue.running.idle();
  expect(await queue.task('a')).toMatchObject({
    parked_at: expect.any(Date),
    last_error: 'no such chart',
    due_at: null,
  });
  await queue.wakeUp('a');
  await queue.running.idle();
  expect(runs).toBe(2);
  expect(await queue.task('a')).toMatchObject({
    parked_at: null,
    last_error: null,
    done_at: expect.any(Date),
  });
});

test('requeue comes back by itself, later, and a wake makes it now', async () => {
  let runs = 0;
  await using queue = await reconciling(async ({ attempt }) => {
    expect(attempt).toBe(1);
    runs += 1;
    if (runs < 4) return requeueAfter(1, 'pods');
    return runs === 4 ? requeueAfter(3_600_000, 'the hour') : done;
  });
  await queue.wakeUp('a');
  await eventually(() => expect(runs).toBe(4));
  await queue.running.idle();
  expect(await queue.task('a')).toMatchObject({ waiting_for: 'the hour', attempts: 0, done_at: null });
  await queue.wakeUp('a', 7_200_000); // never later than planned
  await queue.wakeUp('a');
  await eventually(async () => expect((await queue.task('a')).done_at).not.toBeNull());
});

test('a slow resource holds up nobody else', async () => {
  const slow = gate();
  const finished: string[] = [];
  await using queue = await reconciling(
    async ({ key }) => {
      if (key === 'slow') await slow.opened;
      finished.push(key);
      return done;
    },
    { concurrency: 2 },
  );
  await queue.wakeUp('slow');
  await Promise.all(Array.from({ length: 20 }, (_, i) => queue.wakeUp(`k${i}`)));
  await eventually(() => expect(finished).toHaveLength(20));
  slow.open();
  await queue.running.idle();
  expect(finished.at(-1)).toBe('slow');
});

test('trace and actor of the waker are those of the run', async () => {
  const seen: unknown[] = [];
  await using queue = await reconciling(async () => {
    seen.push(currentTraceId(), currentActor());
    return done;
  });
  const traceId = 'a'.repeat(32);
  const actor = { kind: 'user', id: 'usr_1' } as const;
  await withTrace(`00-${traceId}-${'b'.repeat(16)}-01`, () => withActor(actor, () => queue.wakeUp('a')));
  await queue.running.idle();
  expect(seen).toEqual([traceId, { ...actor, onBehalf: true }]);
});

test('who lost the lease cannot write, and what it wrote before stays', async () => {
  const { db } = database;
  const taken = gate();
  const refused = gate();
  let error: unknown;
  await using queue = await reconciling(async ({ key, write }) => {
    if (key !== 'fenced' || error !== undefined) return done;
    await write((tx) => tx.insertInto('effect').values({ key: 'before' }).execute());
    await taken.opened;
    error = await write((tx) => tx.insertInto('effect').values({ key: 'after' }).execute()).catch(
      (thrown: unknown) => thrown,
    );
    refused.open();
    return done;
  });
  await queue.wakeUp('fenced');
  await eventually(async () =>
    expect(await db.kysely.selectFrom('effect').selectAll().execute()).toEqual([{ key: 'before' }]),
  );
  // what the queue does when the lease ran out
  await sql`update reconcile_task set lease_token = gen_random_uuid() where kind = ${queue.kind}`.execute(
    db.kysely,
  );
  taken.open();
  await refused.opened;
  expect(error).toBeInstanceOf(LeaseLost);
  expect(await db.kysely.selectFrom('effect').selectAll().execute()).toEqual([{ key: 'before' }]);
});

test('a run ends when its lease may have run out and nobody can say', async () => {
  const aborted: unknown[] = [];
  let runs = 0;
  await using queue = await reconciling(
    async ({ signal }) => {
      runs += 1;
      if (runs > 1) return done;
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      aborted.push(signal.reason);
      throw signal.reason;
    },
    { leaseMs: 600 },
  );
  await queue.wakeUp('a');
  await eventually(() => expect(runs).toBe(1));
  // Heartbeats hang, as on a connection that passes nothing on.
  await database.db.acrossWorkspaces(async (tx) => {
    await sql`lock table reconcile_task in access exclusive mode`.execute(tx);
    await eventually(() => expect(aborted).toHaveLength(1));
    expect(aborted[0]).toBeInstanceOf(LeaseLost);
    expect(runs).toBe(1);
  });
  await eventually(async () => expect((await queue.task('a')).done_at).toBeInstanceOf(Date));
  expect(aborted).toHaveLength(1);
});

test('a request that changes a resource and wakes it does not deadlock with its reconciler', async () => {
  const { db } = database;
  await db.kysely.insertInto('effect').values({ key: 'row' }).execute();
  const locked = gate();
  const leased = gate();
  let runs = 0;
  await using queue = await reconciling(async ({ write }) => {
    if ((runs += 1) === 1) {
      await write(async (tx) => {
        leased.open();
        await locked.opened;
        await sql`update effect set key = 'row' where key = 'row'`.execute(tx);
      });
    }
    return done;
  });
  await queue.wakeUp('a');
  await leased.opened;
  await db.acrossWorkspaces(async (tx) => {
    await sql`update effect set key = 'row' where key = 'row'`.execute(tx);
    locked.open();
    await eventually(async () => {
      const { rows } =
        await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`.execute(
          db.kysely,
        );
      expect(rows).toHaveLength(1);
    });
    await wake(tx, queue.kind, 'a');
  });
  await queue.running.idle();
  expect(runs).toBe(2);
});

test('stopping aborts what runs and gives it back at once, without counting a failure', async () => {
  const inside = gate();
  const finishedBy: string[] = [];
  const queue = await reconciling(async ({ signal }) => {
    inside.open();
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    return done;
  });
  await queue.wakeUp('a');
  await inside.opened;
  await queue[Symbol.asyncDispose]();
  expect(await queue.task('a')).toMatchObject({ lease_token: null, attempts: 0, last_error: null });
  const { db } = database;
  await using peer = await startReconcilers({
    db,
    reconcilers: {
      [queue.kind]: async () => {
        finishedBy.push('peer');
        return done;
      },
    },
  });
  await peer.idle();
  expect(finishedBy).toEqual(['peer']);
});
