import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually, testDatabase, type TestDatabase } from '@cnap/testing';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { wake } from '../src/index.ts';
import { chaosMigrations, type ChaosTables } from './chaos-tables.ts';

let database: TestDatabase<ChaosTables>;
beforeAll(async () => {
  database = await testDatabase<ChaosTables>('chaos', chaosMigrations);
});
afterAll(() => database?.[Symbol.asyncDispose]());

const workers = new Map<string, ChildProcess>();
afterEach(async () => {
  for (const name of workers.keys()) await kill(name);
});

let started = 0;
async function startWorker(speed: 'fast' | 'slow' = 'fast'): Promise<string> {
  const name = `w${(started += 1)}`;
  const child = spawn(process.execPath, [new URL('chaos-worker.ts', import.meta.url).pathname, name, speed], {
    env: { ...process.env, DATABASE_URL: database.url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  workers.set(name, child);
  await once(child.stdout, 'data');
  return name;
}

async function kill(name: string): Promise<void> {
  const child = workers.get(name);
  workers.delete(name);
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Wants a key to have a version, and wakes its reconciler, in one transaction. */
async function want(key: string, version: number, fail = false): Promise<void> {
  await database.db
    .acrossWorkspaces(async (tx) => {
      await sql`
        insert into wanted (key, version) values (${key}, ${version})
        on conflict (key) do update set version = excluded.version`.execute(tx);
      await wake(tx, 'thing', key);
      if (fail) throw new Error('rolled back');
    })
    .catch((error: unknown) => {
      if (!fail) throw error;
    });
}

const atRest = () =>
  eventually(
    async () => {
      const { rows } = await sql`select key, last_error from reconcile_task where done_at is null`.execute(
        database.db.kysely,
      );
      expect(rows).toEqual([]);
    },
    { timeoutMs: 200_000 },
  );

test('workers are killed again and again: no two in one key, nothing lost', async () => {
  const { db } = database;
  const names = await Promise.all([startWorker(), startWorker(), startWorker()]);
  const last: Record<string, number> = {};
  for (let round = 1; round <= 6; round += 1) {
    for (let i = 0; i < 120; i += 1) {
      const key = `k${i % 30}`;
      const version = (last[key] ?? 0) + 1;
      const fail = i % 10 === 9;
      await want(key, version, fail);
      if (!fail) last[key] = version;
    }
    const victim = names.shift() ?? '';
    await kill(victim);
    // It can no longer say itself that it left.
    await sql`
      update run set left_at = clock_timestamp() where worker = ${victim} and left_at is null`.execute(
      db.kysely,
    );
    names.push(await startWorker());
  }
  await atRest();

  const reached = await db.kysely.selectFrom('wanted').selectAll().execute();
  expect(Object.fromEntries(reached.map((row) => [row.key, row.reached]))).toEqual(last);
  const overlaps = await sql`
    select a.key, a.worker as first, b.worker as second from run a join run b on a.key = b.key and a.id < b.id
    where b.entered_at < coalesce(a.left_at, 'infinity')`.execute(db.kysely);
  expect(overlaps.rows).toEqual([]);
  const backwards = await sql`
    select a.key from written a join written b on a.key = b.key and a.id < b.id and a.version > b.version`.execute(
    db.kysely,
  );
  expect(backwards.rows).toEqual([]);
});

test('a frozen worker that wakes up after somebody took over cannot write', async () => {
  const { db } = database;
  const frozen = await startWorker('slow');
  await want('frozen', 1);
  await eventually(async () => {
    const { rows } = await sql`select 1 from run where worker = ${frozen} and key = 'frozen'`.execute(
      db.kysely,
    );
    expect(rows).toHaveLength(1);
  });
  workers.get(frozen)?.kill('SIGSTOP');
  const peer = await startWorker();
  await eventually(async () => {
    const { rows } = await sql`select 1 from written where key = 'frozen' and worker = ${peer}`.execute(
      db.kysely,
    );
    expect(rows).toHaveLength(1);
  });
  workers.get(frozen)?.kill('SIGCONT');
  await eventually(async () => {
    const refusals = await db.kysely
      .selectFrom('refusal')
      .select('error')
      .where('worker', '=', frozen)
      .execute();
    expect(refusals).toEqual([{ error: 'LeaseLost' }]);
  });
  const byFrozen = await db.kysely.selectFrom('written').selectAll().where('worker', '=', frozen).execute();
  expect(byFrozen).toEqual([]);
  await atRest();
});
