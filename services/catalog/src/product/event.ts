import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { ProductEventSchema } from '@cnap/proto/cnap/catalog/v1/product_event';
import type { ProductRow } from '../database.ts';
import { productStates } from './to-proto.ts';

const productFact =
  (fact: 'published' | 'updated' | 'retired' | 'deleted') =>
  (row: ProductRow): Fact => ({
    service: 'catalog',
    resource: 'product',
    fact,
    id: row.id,
    // Deletion raises the version too, so that it comes after every change.
    version: Number(row.version) + (fact === 'deleted' ? 1 : 0),
    workspaceIds: [row.workspace_id],
    schema: ProductEventSchema,
    message: create(ProductEventSchema, {
      productId: row.id,
      workspaceId: row.workspace_id,
      name: row.name,
      templateId: row.template_id,
      stripePriceIds: row.stripe_price_ids,
      clusterIds: row.cluster_ids,
      state: productStates[row.state],
    }),
  });

export const productPublished = productFact('published');
export const productUpdated = productFact('updated');
export const productRetired = productFact('retired');
export const productDeleted = productFact('deleted');
