// A worker process of chaos.test.ts: notes in the table `run` when it enters and leaves a key, and adds to the
// counter of the key through the lease. Told by its environment where the database is.
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '@cnap/postgres';
import { sql } from 'kysely';
import { done, requeueAfter, startReconcilers, type ReconcileContext } from '../src/index.ts';
import type { ChaosTables } from './chaos-tables.ts';

const worker = process.argv[2] ?? '';
const slow = process.argv[3] === 'slow';
const db = openDatabase<ChaosTables>({ url: process.env['DATABASE_URL'] ?? '', schema: 'chaos' });

async function reconcile({ key, signal, write }: ReconcileContext) {
  const wanted = await db.kysely
    .selectFrom('wanted')
    .select('version')
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  const { id } = await db.kysely
    .insertInto('run')
    .values({ key, worker })
    .returning('id')
    .executeTakeFirstOrThrow();
  try {
    // Slow: until somebody has taken over and has gone on, whatever the signal says, as frozen code would.
    if (slow) while (!(await othersHaveFinished(key))) await pause(50);
    else await pause(Math.random() * 40, undefined, { signal });
    if (!slow && Math.random() < 0.1) throw new Error('the weather');
    await write(async (tx) => {
      await tx.updateTable('wanted').set({ reached: wanted.version }).where('key', '=', key).execute();
      await tx.insertInto('written').values({ key, worker, version: wanted.version }).execute();
    });
  } catch (error) {
    if (slow)
      await db.kysely
        .insertInto('refusal')
        .values({ worker, error: (error as Error).name })
        .execute();
    throw error;
  } finally {
    await sql`update run set left_at = clock_timestamp() where id = ${id}`.execute(db.kysely);
  }
  return Math.random() < 0.1 ? requeueAfter(5) : done;
}

async function othersHaveFinished(key: string): Promise<boolean> {
  const { rows } = await sql`select 1 from written where key = ${key} and worker <> ${worker}`.execute(
    db.kysely,
  );
  return rows.length > 0;
}

await startReconcilers({
  db,
  reconcilers: { thing: reconcile },
  concurrency: 6,
  firstPauseMs: 20,
  longestPauseMs: 100,
});
process.stdout.write('ready\n');
