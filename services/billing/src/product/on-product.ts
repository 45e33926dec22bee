import { subscribe } from '@cnap/events';
import { ProductEventSchema } from '@cnap/proto/cnap/catalog/v1/product_event';
import { storeProduct } from './store.ts';

/** Keeps which prices, template and clusters a product uses. */
export const onProduct = subscribe({
  subject: 'catalog.v1.product.*',
  schema: ProductEventSchema,
  async handle(tx, { fact, version, message }) {
    await storeProduct(
      tx,
      {
        id: message.productId,
        workspaceId: message.workspaceId,
        name: message.name,
        templateId: message.templateId,
        stripePriceIds: message.stripePriceIds,
        clusterIds: message.clusterIds,
        deleted: fact === 'deleted',
      },
      version,
    );
  },
});
