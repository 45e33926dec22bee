import { DomainError } from '@cnap/errors';
import { ProductState, Visibility } from '@cnap/proto/cnap/catalog/v1/product';
import type { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import type { Client } from '@connectrpc/connect';
import type { Products } from '../checkout/port.ts';
import type { ExternalCalls } from '@cnap/service';

/** Products, as catalog has them. */
export const catalogProducts = (
  client: Client<typeof ProductDetailService>,
  call: ExternalCalls,
): Products => ({
  async read(productId) {
    try {
      const { product, package: built } = await call('catalog.GetProductDetail', () =>
        client.getProductDetail({ productId }),
      );
      if (product === undefined) return undefined;
      const free = product.stripePriceIds.length === 0;
      return {
        id: product.id,
        workspaceId: product.workspaceId,
        name: product.name,
        templateId: product.templateId,
        priceIds: product.stripePriceIds,
        trialDays: product.trialDays,
        hidden:
          product.visibility === Visibility.PRIVATE ||
          (product.visibility === Visibility.UNSPECIFIED && free),
        retired: product.state === ProductState.RETIRED,
        built: built !== undefined,
        inputSchema: product.inputSchema,
      };
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'not-found') return undefined;
      throw error;
    }
  },
});
