import { notFound } from '@cnap/errors';
import type { PageQuery } from '@cnap/pages';
import type { Tx } from '@cnap/postgres';
import { type Insertable, sql, type Updateable } from 'kysely';
import type { CatalogDatabase, ProductRow } from '../database.ts';
import { isAfter } from '../page.ts';
import type { Usage } from '../peer/usage-port.ts';
import type { ProductContent } from './content.ts';

type Db = Tx<CatalogDatabase>;

export function insertProduct(
  tx: Db,
  product: { id: string; workspaceId: string; content: ProductContent },
): Promise<ProductRow> {
  return tx
    .insertInto('product')
    .values({
      id: product.id,
      workspace_id: product.workspaceId,
      state: 'active',
      ...columnsOf(product.content),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

function columnsOf(content: ProductContent) {
  const { values, links, inputs, outputs, input_schema, ...plain } = content;
  return {
    ...plain,
    values: JSON.stringify(values),
    links: JSON.stringify(links),
    inputs: JSON.stringify(inputs),
    outputs: JSON.stringify(outputs),
    input_schema: JSON.stringify(input_schema),
  } satisfies Partial<Insertable<CatalogDatabase['product']>>;
}

/** @throws DomainError not-found PRODUCT_NOT_FOUND */
export async function getProduct(tx: Db, workspaceId: string, id: string): Promise<ProductRow> {
  const row = await selectProduct(tx, workspaceId, id).executeTakeFirst();
  if (row === undefined) throw notFound('product', id);
  return row;
}

/**
 * As {@link getProduct}, and nobody else can change it until the transaction ends.
 * @throws DomainError not-found PRODUCT_NOT_FOUND
 */
export async function lockProduct(tx: Db, workspaceId: string, id: string): Promise<ProductRow> {
  const row = await selectProduct(tx, workspaceId, id).forUpdate().executeTakeFirst();
  if (row === undefined) throw notFound('product', id);
  return row;
}

const columns = [
  'id',
  'workspace_id',
  'name',
  'description',
  'image_url',
  'template_id',
  'cluster_ids',
  'stripe_price_ids',
  'values',
  'trial_days',
  'documentation',
  'links',
  'inputs',
  'outputs',
  'show_sources',
  'update_policy',
  'visibility',
  'tier_group',
  'health_deadline_ms',
  'retain_volumes_days',
  'owner_logs_off',
  'owner_exec_on',
  'state',
  'input_schema',
  'words',
  'version',
  'create_time',
  'update_time',
] as const;

const selectProduct = (tx: Db, workspaceId: string, id: string) =>
  tx.selectFrom('product').select(columns).where('workspace_id', '=', workspaceId).where('id', '=', id);

/** Whatever its workspace, for services and the marketplace. */
export function findProduct(tx: Db, id: string): Promise<ProductRow | undefined> {
  return tx.selectFrom('product').select(columns).where('id', '=', id).executeTakeFirst();
}

export function listProducts(
  tx: Db,
  workspaceId: string,
  templateId: string,
  page: PageQuery,
): Promise<ProductRow[]> {
  return tx
    .selectFrom('product')
    .select(columns)
    .where('workspace_id', '=', workspaceId)
    .$if(templateId !== '', (query) => query.where('template_id', '=', templateId))
    .where(isAfter(page))
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
}

export type ListedQuery = { words: string[]; sellerWorkspaceId: string; page: PageQuery };

/** What is on the marketplace, newest first: public, active, and with every word in name or description. */
export function listListed(tx: Db, { words, sellerWorkspaceId, page }: ListedQuery): Promise<ProductRow[]> {
  return tx
    .selectFrom('product')
    .select(columns)
    .where('visibility', '=', 'public')
    .where('state', '=', 'active')
    .$if(sellerWorkspaceId !== '', (query) => query.where('workspace_id', '=', sellerWorkspaceId))
    .$if(words.length > 0, (query) => {
      // Each word may be the beginning of one; what a word may hold is nothing that a query would read as its own.
      const wanted = words.map((word) => `'${word}':*`).join(' & ');
      return query.where(sql<boolean>`search_words @@ ${wanted}::tsquery`);
    })
    .where(isAfter(page))
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
}

export function updateProduct(
  tx: Db,
  id: string,
  change: { content: ProductContent } | { state: 'retired' },
): Promise<ProductRow> {
  const set: Updateable<CatalogDatabase['product']> =
    'content' in change ? columnsOf(change.content) : { state: change.state };
  return tx
    .updateTable('product')
    .set({ ...set, version: sql`version + 1`, update_time: sql`now()` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function deleteProduct(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('product').where('id', '=', id).execute();
}

const examples = 10;

export function productsOfTemplate(tx: Db, templateId: string): Promise<Usage> {
  return usageBy(tx, sql<boolean>`template_id = ${templateId}`);
}

export function productsOfWorkspace(tx: Db, workspaceId: string): Promise<Usage> {
  return usageBy(tx, sql<boolean>`workspace_id = ${workspaceId}`);
}

export function productsOnCluster(tx: Db, clusterId: string): Promise<Usage> {
  return usageBy(tx, sql<boolean>`cluster_ids @> array[${clusterId}]`);
}

async function usageBy(tx: Db, condition: ReturnType<typeof sql<boolean>>): Promise<Usage> {
  const { total } = await tx
    .selectFrom('product')
    .select((eb) => eb.fn.countAll<string>().as('total'))
    .where(condition)
    .executeTakeFirstOrThrow();
  const rows = await tx
    .selectFrom('product')
    .select('id')
    .where(condition)
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .limit(examples)
    .execute();
  return { count: Number(total), exampleIds: rows.map(({ id }) => id) };
}
