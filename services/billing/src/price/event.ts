import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { PriceEventSchema } from '@cnap/proto/cnap/billing/v1/price_event';
import type { PriceRow } from '../database.ts';
import { priceToProto } from './to-proto.ts';

/** `price.created`, `price.updated` or `price.deleted`. */
export const priceChanged = (row: PriceRow): Fact => ({
  service: 'billing',
  resource: 'price',
  fact: row.deleted ? 'deleted' : row.version === '1' ? 'created' : 'updated',
  id: row.stripe_price_id,
  version: Number(row.version),
  workspaceIds: [row.workspace_id],
  schema: PriceEventSchema,
  message: create(PriceEventSchema, { workspaceId: row.workspace_id, price: priceToProto(seenOf(row)) }),
});

const seenOf = (row: PriceRow) => ({
  id: row.stripe_price_id,
  stripeProductId: row.stripe_product_id,
  label: row.label,
  kind: row.kind,
  currency: row.currency,
  unitAmount: row.unit_amount === null ? undefined : Number(row.unit_amount),
  interval: row.interval,
  intervalCount: row.interval_count,
  active: row.active,
});
