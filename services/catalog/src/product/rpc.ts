import { create } from '@bufbuild/protobuf';
import { DomainError } from '@cnap/errors';
import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import { pageQuery } from '@cnap/pages';
import { type Database, firstResult, type Tx } from '@cnap/postgres';
import {
  CreateProductRequestSchema,
  CreateProductResponseSchema,
  type ProductService,
} from '@cnap/proto/cnap/catalog/v1/product_service';
import { workspaceOf } from '@cnap/rpc';
import { repeatable } from '@cnap/service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CatalogDatabase, ProductRow, StoredSource, TemplateRow } from '../database.ts';
import { rememberOffer } from '../listing/remember-offer.ts';
import { pageFrom } from '../page.ts';
import type { InstallUsage, OrderUsage } from '../peer/usage-port.ts';
import { checkEtag } from '../request.ts';
import { changeTemplate, makeTemplate } from '../template/change.ts';
import { editSources } from '../template/source.ts';
import { getTemplate, lockTemplate } from '../template/store.ts';
import { wantedSources } from '../template/wanted.ts';
import { changedContent, checkContent, newContent, type ProductContent, sourcesField } from './content.ts';
import { productDeleted, productPublished, productRetired, productUpdated } from './event.ts';
import { refuseInUse } from './in-use.ts';
import { checkOffer, type Offer } from './offer.ts';
import type { ClusterDirectory, PriceDirectory } from './ports.ts';
import {
  deleteProduct,
  getProduct,
  insertProduct,
  listProducts,
  lockProduct,
  updateProduct,
} from './store.ts';
import { productToProto } from './to-proto.ts';

type Deps = {
  db: Database<CatalogDatabase>;
  clusters: ClusterDirectory;
  prices: PriceDirectory;
  installs: InstallUsage;
  orders: OrderUsage;
};

export const productRpc = (deps: Deps): ServiceImpl<typeof ProductService> => ({
  async getProduct(request, context) {
    const workspaceId = workspaceOf(context);
    const row = await deps.db.inWorkspace(workspaceId, (tx) => getProduct(tx, workspaceId, request.id));
    return { product: productToProto(row) };
  },

  async listProducts(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const found = await deps.db.inWorkspace(workspaceId, (tx) =>
      listProducts(tx, workspaceId, request.templateId, page),
    );
    const { rows, nextPageToken } = pageFrom(found, page);
    return { products: rows.map(productToProto), nextPageToken };
  },

  async createProduct(request, context) {
    const workspaceId = workspaceOf(context);
    const content = newContent(request);
    const own =
      request.sources.length === 0
        ? undefined
        : editSources([], wantedSources(request.sources), () => newId('src'));
    const sources = own ?? (await sourcesOf(deps, workspaceId, content.template_id));
    const offer = await check(deps, workspaceId, content, sources, context.signal);
    const repeat = repeatable(
      context,
      workspaceId,
      CreateProductRequestSchema,
      request,
      CreateProductResponseSchema,
    );
    return deps.db.inWorkspace(workspaceId, (tx) =>
      firstResult(tx, repeat, async () => {
        const template =
          own === undefined
            ? await lockTemplate(tx, workspaceId, content.template_id)
            : await templateOf(tx, workspaceId, content.name, own);
        const made = { ...content, template_id: template.id };
        const row = await insertProduct(tx, { id: newId('prd'), workspaceId, content: made });
        await rememberOffer(tx, workspaceId, offer);
        await publish(tx, productPublished(row));
        return create(CreateProductResponseSchema, { product: productToProto(row) });
      }),
    );
  },

  async updateProduct(request, context) {
    const workspaceId = workspaceOf(context);
    const { change, updateMask } = request;
    const paths = updateMask?.paths ?? [];
    const wanted = paths.includes(sourcesField) ? wantedSources(change?.sources ?? []) : undefined;
    const intend = async (tx: Tx<CatalogDatabase>, row: ProductRow) => {
      checkEtag('product', request.etag, row.version);
      if (row.state === 'retired') throw retired(row.id);
      // Both are required by the schema.
      const content = change === undefined ? undefined : changedContent(row, change, paths);
      if (content === undefined) throw new Error('a change is required');
      const template = await lockTemplate(tx, workspaceId, content.template_id);
      const sources = wanted && editSources(template.sources, wanted, () => newId('src'));
      return { row, content, template, sources };
    };
    const seen = await deps.db.inWorkspace(workspaceId, async (tx) =>
      intend(tx, await getProduct(tx, workspaceId, request.id)),
    );
    const sourcesThen = seen.sources ?? seen.template.sources;
    const offer = await check(deps, workspaceId, seen.content, sourcesThen, context.signal);
    return deps.db.inWorkspace(workspaceId, async (tx) => {
      const row = await lockProduct(tx, workspaceId, request.id);
      if (row.version !== seen.row.version) {
        throw new DomainError('aborted', 'ETAG_MISMATCH', 'The product was changed at the same moment.', {
          suggestion: 'Repeat the change.',
        });
      }
      const { content, template, sources } = await intend(tx, row);
      checkContent(content, sources ?? template.sources);
      if (sources !== undefined) await changeTemplate(tx, template, { sources });
      const updated = await updateProduct(tx, row.id, { content });
      await rememberOffer(tx, workspaceId, offer);
      await publish(tx, productUpdated(updated));
      return { product: productToProto(updated) };
    });
  },

  async retireProduct(request, context) {
    const workspaceId = workspaceOf(context);
    return deps.db.inWorkspace(workspaceId, async (tx) => {
      const row = await lockProduct(tx, workspaceId, request.id);
      if (row.state === 'retired') return { product: productToProto(row) };
      const updated = await updateProduct(tx, row.id, { state: 'retired' });
      await publish(tx, productRetired(updated));
      return { product: productToProto(updated) };
    });
  },

  async deleteProduct(request, context) {
    const workspaceId = workspaceOf(context);
    await deps.db.inWorkspace(workspaceId, (tx) => getProduct(tx, workspaceId, request.id));
    await refuseInUse(deps, request.id, context.signal);
    await deps.db.inWorkspace(workspaceId, async (tx) => {
      const row = await lockProduct(tx, workspaceId, request.id);
      await deleteProduct(tx, row.id);
      await publish(tx, productDeleted(row));
    });
    return {};
  },
});

const sourcesOf = async (deps: Deps, workspaceId: string, templateId: string): Promise<StoredSource[]> =>
  (await deps.db.inWorkspace(workspaceId, (tx) => getTemplate(tx, workspaceId, templateId))).sources;

/** The template of a product that was made of sources. */
async function templateOf(
  tx: Tx<CatalogDatabase>,
  workspaceId: string,
  name: string,
  sources: StoredSource[],
): Promise<TemplateRow> {
  const defaults = { podSecurity: 'baseline', registryProxyMode: 'auto' } as const;
  return (await makeTemplate(tx, { workspaceId, name, sources, ...defaults })).template;
}

function check(
  deps: Deps,
  workspaceId: string,
  content: ProductContent,
  sources: StoredSource[],
  signal: AbortSignal,
): Promise<Offer> {
  checkContent(content, sources);
  const wanted = { clusterIds: content.cluster_ids, priceIds: content.stripe_price_ids };
  return checkOffer(deps, workspaceId, wanted, signal);
}

const retired = (id: string): DomainError =>
  new DomainError('failed-precondition', 'PRODUCT_RETIRED', `The product ${id} is retired.`, {
    suggestion: 'Make a new product.',
  });
