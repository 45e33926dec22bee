import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { CatalogDatabase, SellerRow } from '../database.ts';

type Db = Tx<CatalogDatabase>;

/** Keeps what a fact says; one that is older than what is known changes nothing. */
export async function applySeller(tx: Db, seller: Omit<SellerRow, 'refresh_time'>): Promise<void> {
  const { workspace_id: _, ...values } = seller;
  await tx
    .insertInto('seller')
    .values({ ...seller, refresh_time: new Date() })
    .onConflict((conflict) =>
      conflict.column('workspace_id').doUpdateSet(values).where('seller.version', '<', seller.version),
    )
    .execute();
}

/** Keeps what billing read from Stripe just now. */
export async function noteSeller(tx: Db, workspaceId: string, chargesEnabled: boolean): Promise<void> {
  const seen = { charges_enabled: chargesEnabled, refresh_time: sql<Date>`now()` };
  await tx
    .insertInto('seller')
    .values({ workspace_id: workspaceId, version: '0', ...seen })
    .onConflict((conflict) => conflict.column('workspace_id').doUpdateSet(seen))
    .execute();
}

/** Those of the workspaces whose Stripe account can take payments. */
export async function sellersThatCanCharge(tx: Db, workspaceIds: string[]): Promise<Set<string>> {
  if (workspaceIds.length === 0) return new Set();
  const rows = await tx
    .selectFrom('seller')
    .select('workspace_id')
    .where('workspace_id', 'in', workspaceIds)
    .where('charges_enabled', '=', true)
    .execute();
  return new Set(rows.map((row) => row.workspace_id));
}
