import { create, type JsonObject as ProtoJson } from '@bufbuild/protobuf';
import { type Listing, ListingSchema } from '@cnap/proto/cnap/catalog/v1/listing';
import { isSellable, type Offered } from './offered.ts';

export function listingToProto(offer: Offered): Listing {
  const { product, regions, prices, sources } = offer;
  return create(ListingSchema, {
    id: product.id,
    sellerWorkspaceId: product.workspace_id,
    name: product.name,
    description: product.description,
    imageUrl: product.image_url,
    regions: regions.map(({ id, name, icon, country, available }) => ({
      id,
      name,
      icon,
      country,
      available,
    })),
    prices: prices.map((price) => ({
      stripePriceId: price.id,
      currency: price.currency,
      unitAmount: BigInt(price.unit_amount),
      interval: price.interval,
      intervalCount: price.interval_count,
      label: price.label,
      perSeat: price.kind === 'per_seat',
    })),
    trialDays: product.trial_days,
    inputSchema: product.input_schema as ProtoJson,
    documentation: product.documentation,
    links: product.links,
    sellable: isSellable(offer),
    group: product.tier_group,
    sources: product.show_sources ? (sources ?? []).map(({ alias, version }) => `${alias} ${version}`) : [],
  });
}
