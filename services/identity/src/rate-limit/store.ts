import { sql } from 'kysely';
import type { Tx } from '../database.ts';

/** Counts one use within a window that begins with its first; the row's lock makes it right across processes. */
export async function countUse(
  tx: Tx,
  key: Uint8Array,
  windowMs: number,
): Promise<{ uses: number; endsInMs: number }> {
  const { rows } = await sql<{ uses: number; ends_in_ms: number }>`
    insert into rate_limits as known (key, uses, window_ends_at)
    values (${key}, 1, now() + ${windowMs} * interval '1 ms')
    on conflict (key) do update set
      uses = case when known.window_ends_at <= now() then 1 else known.uses + 1 end,
      window_ends_at = case when known.window_ends_at <= now() then excluded.window_ends_at
        else known.window_ends_at end
    returning uses, (extract(epoch from window_ends_at - now()) * 1000)::float8 as ends_in_ms`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error('a use could not be counted');
  return { uses: row.uses, endsInMs: row.ends_in_ms };
}

export async function forgetUses(tx: Tx, key: Uint8Array): Promise<void> {
  await tx.deleteFrom('rate_limits').where('key', '=', key).execute();
}
