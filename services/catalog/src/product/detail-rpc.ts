import { notFound } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import type { ProductDetailService } from '@cnap/proto/cnap/catalog/v1/product_detail_service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CatalogDatabase } from '../database.ts';
import { findPackage } from '../package/store.ts';
import { packageToProto } from '../package/to-proto.ts';
import { findTemplate } from '../template/store.ts';
import { podSecurities } from '../template/to-proto.ts';
import { findProduct } from './store.ts';
import { productToProto } from './to-proto.ts';

export const productDetailRpc = ({
  db,
}: {
  db: Database<CatalogDatabase>;
}): ServiceImpl<typeof ProductDetailService> => ({
  async getProductDetail(request) {
    return db.acrossWorkspaces(async (tx) => {
      const product = await findProduct(tx, request.productId);
      const template = product === undefined ? undefined : await findTemplate(tx, product.template_id);
      if (product === undefined || template === undefined) throw notFound('product', request.productId);
      const latest =
        template.latest_package_id === null ? undefined : await findPackage(tx, template.latest_package_id);
      return {
        product: productToProto(product),
        ...(latest === undefined ? {} : { package: packageToProto(latest) }),
        podSecurity: podSecurities[template.pod_security],
      };
    });
  },
});
