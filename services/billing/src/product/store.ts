import type { Tx } from '@cnap/postgres';
import type { BillingTables } from '../database.ts';

/** What billing keeps of a product. */
export type ProductKept = {
  id: string;
  workspaceId: string;
  name: string;
  templateId: string;
  stripePriceIds: string[];
  clusterIds: string[];
  deleted: boolean;
};

/** Keeps a product as a fact told it; an older fact than the one known changes nothing. */
export async function storeProduct(
  tx: Tx<BillingTables>,
  product: ProductKept,
  version: number,
): Promise<void> {
  const facts = {
    workspace_id: product.workspaceId,
    name: product.name,
    template_id: product.templateId,
    stripe_price_ids: product.stripePriceIds,
    cluster_ids: product.clusterIds,
    deleted: product.deleted,
    version,
  };
  await tx
    .insertInto('product')
    .values({ id: product.id, ...facts })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet(facts).where('product.version', '<', String(version)),
    )
    .execute();
}
