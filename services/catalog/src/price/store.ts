import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { CatalogDatabase, PriceRow } from '../database.ts';
import type { KnownPrice } from '../product/ports.ts';

type Db = Tx<CatalogDatabase>;

/** Keeps what a fact says; one that is older than what is known changes nothing. */
export async function applyPrice(tx: Db, price: Omit<PriceRow, 'refresh_time'>): Promise<void> {
  const { id: _id, workspace_id: _workspace, ...values } = price;
  await tx
    .insertInto('price')
    .values({ ...price, refresh_time: new Date() })
    .onConflict((conflict) =>
      conflict.columns(['workspace_id', 'id']).doUpdateSet(values).where('price.version', '<', price.version),
    )
    .execute();
}

/** Keeps what billing read from Stripe just now. */
export async function notePrice(tx: Db, workspaceId: string, price: KnownPrice): Promise<void> {
  const seen = {
    label: price.label,
    kind: price.kind,
    currency: price.currency,
    unit_amount: String(price.unitAmount),
    interval: price.interval,
    interval_count: price.intervalCount,
    active: price.active,
    refresh_time: sql<Date>`now()`,
  };
  await tx
    .insertInto('price')
    .values({ id: price.id, workspace_id: workspaceId, version: '0', ...seen })
    .onConflict((conflict) => conflict.columns(['workspace_id', 'id']).doUpdateSet(seen))
    .execute();
}

export async function notePricesGone(tx: Db, workspaceId: string, ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx
    .updateTable('price')
    .set({ active: false, refresh_time: sql`now()` })
    .where('workspace_id', '=', workspaceId)
    .where('id', 'in', ids)
    .execute();
}

/** Whoever's account they are on. */
export function pricesById(tx: Db, ids: string[]): Promise<PriceRow[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return tx.selectFrom('price').selectAll().where('id', 'in', ids).execute();
}

/** The prices of a workspace's active products that were not looked at for so long, longest first. */
export async function pricesToRefresh(
  tx: Db,
  workspaceId: string,
  olderThanMs: number,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select offered.id from (
      select distinct unnest(stripe_price_ids) as id from product
      where workspace_id = ${workspaceId} and state = 'active') offered
    left join price on price.id = offered.id and price.workspace_id = ${workspaceId}
    where price.id is null or price.refresh_time < now() - ${olderThanMs} * interval '1 ms'
    order by price.refresh_time nulls first limit ${limit}`.execute(tx);
  return rows.map(({ id }) => id);
}
