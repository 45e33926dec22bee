import { notFound } from '@cnap/errors';
import { pageQuery } from '@cnap/pages';
import type { Database } from '@cnap/postgres';
import type { ListingService } from '@cnap/proto/cnap/catalog/v1/listing_service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CatalogDatabase } from '../database.ts';
import { pageFrom } from '../page.ts';
import { findProduct, listListed } from '../product/store.ts';
import { wordsOf } from '../product/words.ts';
import { offered } from './offered.ts';
import { listingToProto } from './to-proto.ts';

/** The marketplace is the one place where everybody reads across workspaces: what is not private. */
export const listingRpc = ({
  db,
}: {
  db: Database<CatalogDatabase>;
}): ServiceImpl<typeof ListingService> => ({
  async getListing(request) {
    return db.acrossWorkspaces(async (tx) => {
      const product = await findProduct(tx, request.id);
      if (product === undefined || product.visibility === 'private') throw notFound('listing', request.id);
      const [offer] = await offered(tx, [product]);
      if (offer === undefined) throw notFound('listing', request.id);
      return { listing: listingToProto(offer) };
    });
  },

  async listListings(request) {
    const page = pageQuery(request);
    const words = wordsOf(request.query);
    // A query of nothing but signs matches nothing.
    if (words.length === 0 && request.query.trim() !== '') return { listings: [], nextPageToken: '' };
    return db.acrossWorkspaces(async (tx) => {
      const found = await listListed(tx, { words, sellerWorkspaceId: request.sellerWorkspaceId, page });
      const { rows, nextPageToken } = pageFrom(found, page);
      return { listings: (await offered(tx, rows)).map(listingToProto), nextPageToken };
    });
  },
});
