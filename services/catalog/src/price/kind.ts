import { PriceKind } from '@cnap/proto/cnap/billing/v1/price';
import type { KnownPrice } from '../product/ports.ts';

/** How a price is charged, as it is stored. */
export const priceKinds: Partial<Record<PriceKind, KnownPrice['kind']>> = {
  [PriceKind.ONE_TIME]: 'one_time',
  [PriceKind.RECURRING]: 'recurring',
  [PriceKind.PER_SEAT]: 'per_seat',
  [PriceKind.METERED]: 'metered',
};
