// A worker that notes what it has begun and holds on to it until it is released, or killed.
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { openDatabase } from '@cnap/postgres';
import { done, startReconcilers } from '@cnap/reconcile';
import { sql } from 'kysely';
import { tell, told } from '../programs.ts';
import { runChannel, type TakeoverTables } from './tables.ts';

const { DATABASE_URL: url = '', BENCH_KIND: kind = '', BENCH_LEASE: lease = '5000' } = process.env;
await using db = openDatabase<TakeoverTables>({ url, schema: 'bench' });
await using _reconcilers = await startReconcilers({
  db,
  leaseMs: Number(lease),
  reconcilers: {
    async [kind]({ key, signal }) {
      await sql`with begun as (insert into run (key, pid) values (${key}, ${process.pid}) returning 1)
        select pg_notify(${runChannel}, '') from begun`.execute(db.kysely);
      for (;;) {
        const released = await db.kysely
          .selectFrom('released')
          .select('key')
          .where('key', '=', key)
          .execute();
        if (released.length > 0) return done;
        await pause(100, undefined, { signal });
      }
    },
  },
});
await db.ping();
tell({ ready: true });
for await (const _ of told()); // until whoever started it is gone
