import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase, migrate, type Database } from '@cnap/postgres';
import { startPostgres } from '@cnap/programs';
import { reconcileMigrations, wake } from '@cnap/reconcile';
import { sql } from 'kysely';
import { repeated, type Benchmark, type Context } from './benchmark.ts';
import { startProgram, type Child } from './programs.ts';
import { median, percentile } from './statistics.ts';
import { runChannel, takeoverMigrations, type TakeoverTables } from './worker/tables.ts';

const leaseMs = 5_000;
const lanes = 4;

export const takeover: Benchmark = {
  name: 'takeover',
  summary: 'how soon another process goes on after one was killed in the middle of a reconcile',
  async run(context) {
    const { progress, scratch, quick } = context;
    progress.phase('starting Postgres');
    await using postgres = await startPostgres({ dataDir: join(scratch, 'postgres') });
    const url = new URL(postgres.url);
    const role = { name: 'cnap_bench', password: randomUUID() };
    await migrate({
      adminUrl: url.href,
      service: 'bench',
      role,
      migrations: { ...reconcileMigrations, ...takeoverMigrations },
    });
    url.username = role.name;
    url.password = role.password;
    await using db = openDatabase<TakeoverTables>({ url: url.href, schema: 'bench' });
    progress.phase(`killing workers, ${lanes} pairs beside each other`);
    const limit = quick ? { count: 1, ms: 1 } : { count: 8, ms: 45_000 };
    const times = await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        await using pair = new AsyncDisposableStack();
        const begin = () => startProgram('worker/main.ts', environment(url.href, lane));
        const workers = [begin(), begin()];
        pair.defer(
          async () => void (await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))),
        );
        return await repeated(context, limit, (round) =>
          oneRound({ db, lane, round, workers, begin }, context),
        );
      }),
    );
    const all = times.flat();
    const beside = { what: 'lease', value: leaseMs };
    return {
      figures: [
        { what: 'killed → another one has it: p50', value: median(all), unit: 'ms', beside },
        { what: 'killed → another one has it: p95', value: percentile(all, 0.95), unit: 'ms', beside },
        { what: 'killed → another one has it: longest', value: Math.max(...all), unit: 'ms', beside },
      ],
      notes: [
        `${all.length} kills with SIGKILL at a random moment between two signs of life; lease ${leaseMs / 1_000} s, renewed every third of it, others look every 0.5 s: ${((leaseMs * 2) / 3_000).toFixed(1)} to ${(leaseMs + 500) / 1_000} s are to be expected.`,
      ],
    };
  },
};

const environment = (url: string, lane: number) => ({
  DATABASE_URL: url,
  BENCH_KIND: `lane-${lane}`,
  BENCH_LEASE: String(leaseMs),
});

type Round = {
  db: Database<TakeoverTables>;
  lane: number;
  round: number;
  /** The two of this lane; the one that is killed is replaced. */
  workers: Child[];
  begin: () => Child;
};

/** Milliseconds from the kill until another worker is in the middle of the same resource. */
async function oneRound({ db, lane, round, workers, begin }: Round, { signal }: Context): Promise<number> {
  const key = `${lane}-${round}`;
  let changed = Promise.withResolvers<void>();
  using _listening = db.listen(runChannel, () => changed.resolve());
  const runBy = async (isWanted: (pid: number) => boolean) => {
    for (;;) {
      signal.throwIfAborted();
      const runs = await db.kysely.selectFrom('run').select('pid').where('key', '=', key).execute();
      const found = runs.find(({ pid }) => isWanted(pid));
      if (found) return found.pid;
      changed = Promise.withResolvers();
      await Promise.race([changed.promise, pause(20)]); // a notification before we listened is not lost
    }
  };
  await Promise.all(workers.map((worker) => (round === 0 ? worker.next() : undefined)));
  await db.acrossWorkspaces((tx) => wake(tx, `lane-${lane}`, key));
  const first = await runBy(() => true);
  await pause(200 + (Math.random() * leaseMs) / 3);
  const index = workers.findIndex(({ pid }) => pid === first);
  const victim = workers[index];
  if (!victim) throw new Error(`process ${first} is no worker of lane ${lane}`);
  const killedAt = performance.now();
  await victim.kill();
  await runBy((pid) => pid !== first);
  const took = performance.now() - killedAt;
  await sql`insert into released (key) values (${key})`.execute(db.kysely);
  const next = begin();
  workers[index] = next;
  await next.next();
  return took;
}
