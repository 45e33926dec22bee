// What buyers need to know beside the product itself; read for all products of a page at once.
import type { Tx } from '@cnap/postgres';
import { clustersById } from '../cluster/store.ts';
import type { CatalogDatabase, PriceRow, ProductRow, RegionRow, ResolvedSource } from '../database.ts';
import { pricesById } from '../price/store.ts';
import { regionsById } from '../region/store.ts';
import { sellersThatCanCharge } from '../seller/store.ts';

type Db = Tx<CatalogDatabase>;

export type Offered = {
  product: ProductRow;
  regions: (RegionRow & { available: boolean })[];
  /** Those that can be bought, in the product's order. */
  prices: PriceRow[];
  sellerCanCharge: boolean;
  /** Sources of the package that new installs get; undefined when there is none yet. */
  sources: ResolvedSource[] | undefined;
};

export async function offered(tx: Db, products: ProductRow[]): Promise<Offered[]> {
  const clusters = await clustersById(
    tx,
    all(products, (product) => product.cluster_ids),
  );
  const regions = await regionsById(tx, [...new Set(clusters.map((cluster) => cluster.region_id))]);
  const prices = await pricesById(
    tx,
    all(products, (product) => product.stripe_price_ids),
  );
  const sellers = await sellersThatCanCharge(
    tx,
    all(products, (product) => [product.workspace_id]),
  );
  const sources = await latestSources(
    tx,
    all(products, (product) => [product.template_id]),
  );
  return products.map((product) => {
    const own = clusters.filter((cluster) => product.cluster_ids.includes(cluster.id));
    return {
      product,
      regions: regions
        .filter((region) => own.some((cluster) => cluster.region_id === region.id))
        .map((region) => ({
          ...region,
          available: own.some((cluster) => cluster.region_id === region.id && cluster.running),
        }))
        .toSorted((a, b) => (a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1)),
      prices: product.stripe_price_ids.flatMap((id) =>
        prices.filter(
          (price) => price.id === id && price.active && price.workspace_id === product.workspace_id,
        ),
      ),
      sellerCanCharge: sellers.has(product.workspace_id),
      sources: sources.get(product.template_id),
    };
  });
}

/** Whether it can be ordered: active, with a package, and free or with a price that can be charged. */
export function isSellable({ product, prices, sellerCanCharge, sources }: Offered): boolean {
  if (product.state !== 'active' || sources === undefined) return false;
  return product.stripe_price_ids.length === 0 || (sellerCanCharge && prices.length > 0);
}

async function latestSources(tx: Db, templateIds: string[]): Promise<Map<string, ResolvedSource[]>> {
  if (templateIds.length === 0) return new Map();
  const rows = await tx
    .selectFrom('template')
    .innerJoin('package', 'package.id', 'template.latest_package_id')
    .select(['template.id', 'package.resolved'])
    .where('template.id', 'in', templateIds)
    .where('package.state', '=', 'ready')
    .execute();
  return new Map(rows.map((row) => [row.id, row.resolved]));
}

const all = (products: ProductRow[], ids: (product: ProductRow) => string[]): string[] => [
  ...new Set(products.flatMap(ids)),
];
