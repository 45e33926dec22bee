import { create } from '@bufbuild/protobuf';
import { type Price, PriceKind as ProtoKind, PriceSchema } from '@cnap/proto/cnap/billing/v1/price';
import type { PriceKind, PriceSeen } from './port.ts';

const kinds: Record<PriceKind, ProtoKind> = {
  'one-time': ProtoKind.ONE_TIME,
  recurring: ProtoKind.RECURRING,
  'per-seat': ProtoKind.PER_SEAT,
  metered: ProtoKind.METERED,
};

export const priceToProto = (price: PriceSeen): Price =>
  create(PriceSchema, {
    stripePriceId: price.id,
    label: price.label,
    kind: kinds[price.kind],
    currency: price.currency,
    unitAmount: BigInt(price.unitAmount ?? 0),
    interval: price.interval,
    intervalCount: price.intervalCount,
    active: price.active,
  });
