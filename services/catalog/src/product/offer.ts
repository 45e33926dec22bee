// What a product refers to outside of the catalog is there, and is the seller's.
import { DomainError } from '@cnap/errors';
import type { ClusterDirectory, KnownCluster, KnownPrice, PriceDirectory } from './ports.ts';

/** What others know of a product's clusters and prices. */
export type Offer = { clusters: KnownCluster[]; prices: KnownPrice[]; chargesEnabled: boolean | undefined };

/**
 * @throws DomainError failed-precondition SELLER_NOT_READY for prices without a Stripe account; invalid-argument
 *   CLUSTER_NOT_FOUND, PRICE_NOT_FOUND
 */
export async function checkOffer(
  deps: { clusters: ClusterDirectory; prices: PriceDirectory },
  workspaceId: string,
  wanted: { clusterIds: string[]; priceIds: string[] },
  signal: AbortSignal,
): Promise<Offer> {
  const found = await deps.clusters.clusters(wanted.clusterIds, signal);
  const clusters = found.filter((cluster) => cluster.workspaceId === workspaceId);
  const lost = wanted.clusterIds.filter((id) => !clusters.some((cluster) => cluster.id === id));
  if (lost.length > 0)
    throw missing('CLUSTER_NOT_FOUND', 'cluster_ids', 'cluster', lost, 'in this workspace');
  if (wanted.priceIds.length === 0) return { clusters, prices: [], chargesEnabled: undefined };

  const answer = await deps.prices.prices(workspaceId, wanted.priceIds, signal);
  if (answer === undefined) {
    throw new DomainError('failed-precondition', 'SELLER_NOT_READY', 'The workspace has no Stripe account.', {
      fields: [{ field: 'stripe_price_ids', description: 'need a Stripe account' }],
      suggestion: 'Connect a Stripe account first, or leave the prices out for a free product.',
    });
  }
  const prices = answer.prices.filter((price) => price.active && wanted.priceIds.includes(price.id));
  const gone = wanted.priceIds.filter((id) => !prices.some((price) => price.id === id));
  if (gone.length > 0) {
    throw missing(
      'PRICE_NOT_FOUND',
      'stripe_price_ids',
      'active price',
      gone,
      "on the seller's Stripe account",
    );
  }
  return { clusters, prices, chargesEnabled: answer.chargesEnabled };
}

function missing(reason: string, field: string, what: string, ids: string[], where: string): DomainError {
  const description = `there is no ${what} ${ids.join(', ')} ${where}`;
  return new DomainError('invalid-argument', reason, `${field}: ${description}.`, {
    fields: [{ field, description }],
    metadata: { ids: ids.join(',') },
  });
}
