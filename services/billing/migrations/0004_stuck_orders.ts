import { sql, type Kysely } from 'kysely';

/** The few orders that something is still to be done for: who looks for stuck ones need not pass by all others. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const busy = sql`create_time desc, id desc) where state in ('authorized', 'deploying', 'compensating')`;
  await sql`create index orders_bought_busy on orders (workspace_id, ${busy}`.execute(db);
  await sql`create index orders_sold_busy on orders (seller_workspace_id, ${busy}`.execute(db);
}
