import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import {
  boolean,
  integer,
  list,
  mergeMetadata,
  metadata,
  oneOf,
  range,
  record,
  required,
  text,
  unsettable,
} from '../params.ts';
import type { Parsed } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { emit } from './event.ts';
import { createProduct } from './product.ts';

export interface Recurring {
  interval: 'day' | 'week' | 'month' | 'year';
  interval_count: number;
  meter: null;
  usage_type: 'licensed';
}

export interface Price extends StripeObject {
  object: 'price';
  active: boolean;
  currency: string;
  product: string;
  unit_amount: number;
  type: 'one_time' | 'recurring';
  recurring: Recurring | null;
  lookup_key: string | null;
  nickname: string | null;
  metadata: Record<string, string>;
  created: number;
}

export const currency = text(3);
export const recurringParams = record({
  interval: required(oneOf('day', 'week', 'month', 'year')),
  interval_count: integer({ min: 1, max: 1095 }),
  // Metered prices need meters and usage events, which are not simulated.
  usage_type: oneOf('licensed'),
});
const productData = record({
  name: required(text()),
  active: boolean,
  metadata,
  statement_descriptor: text(22),
  unit_label: text(12),
});

const createParams = {
  currency: required(currency),
  unit_amount: required(integer({ max: 99_999_999 })),
  product: text(),
  product_data: productData,
  recurring: recurringParams,
  active: boolean,
  billing_scheme: oneOf('per_unit'),
  lookup_key: text(200),
  transfer_lookup_key: boolean,
  metadata,
  nickname: text(),
  tax_behavior: oneOf('exclusive', 'inclusive', 'unspecified'),
};

export function createPrice(scope: Scope, params: Parsed<typeof createParams>): Price {
  const { tables, clock } = scope.sim;
  if ((params.product === undefined) === (params.product_data === undefined)) {
    throw invalidRequest(
      'You must specify either `product` or `product_data` when creating a price.',
      'product',
    );
  }
  if (!/^[a-z]{3}$/i.test(params.currency)) {
    throw invalidRequest(`Invalid currency: ${params.currency}.`, 'currency');
  }
  if (params.product !== undefined) owned(scope, tables.product, 'product', params.product, 'product');
  if (params.lookup_key !== undefined) releaseLookupKey(scope, params.lookup_key, params.transfer_lookup_key);
  const price: Price = {
    id: newId('price'),
    object: 'price',
    active: params.active ?? true,
    billing_scheme: 'per_unit',
    created: clock.now(),
    currency: params.currency.toLowerCase(),
    custom_unit_amount: null,
    livemode: false,
    lookup_key: params.lookup_key ?? null,
    metadata: mergeMetadata({}, params.metadata),
    nickname: params.nickname ?? null,
    product: params.product ?? createProduct(scope, params.product_data ?? { name: '' }).id,
    recurring: params.recurring
      ? {
          interval: params.recurring.interval,
          interval_count: params.recurring.interval_count ?? 1,
          meter: null,
          usage_type: 'licensed',
        }
      : null,
    tax_behavior: params.tax_behavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: params.recurring ? 'recurring' : 'one_time',
    unit_amount: params.unit_amount,
    unit_amount_decimal: String(params.unit_amount),
  };
  tables.price.put(scope.account, price);
  emit(scope, 'price.created', price);
  return price;
}

function releaseLookupKey(scope: Scope, key: string, transfer = false): void {
  const holder = scope.sim.tables.price.list(scope.account).find((price) => price.lookup_key === key);
  if (!holder) return;
  if (!transfer)
    throw invalidRequest(`A price (\`${holder.id}\`) already uses that lookup key.`, 'lookup_key');
  scope.sim.tables.price.put(scope.account, { ...holder, lookup_key: null });
}

export const priceRoutes = [
  route('POST', '/v1/prices', createParams, createPrice),
  route(
    'GET',
    '/v1/prices',
    {
      ...listParams,
      active: boolean,
      product: text(),
      currency,
      type: oneOf('one_time', 'recurring'),
      lookup_keys: list(text()),
      created: range,
    },
    ({ sim, account }, params) => {
      const found = sim.tables.price
        .list(account)
        .filter((price) => params.active === undefined || price.active === params.active)
        .filter((price) => params.product === undefined || price.product === params.product)
        .filter((price) => params.currency === undefined || price.currency === params.currency)
        .filter((price) => params.type === undefined || price.type === params.type)
        .filter(
          (price) =>
            !params.lookup_keys || (price.lookup_key && params.lookup_keys.includes(price.lookup_key)),
        )
        .filter((price) => params.created?.(price.created) ?? true);
      return page(found, params, '/v1/prices');
    },
  ),
  route('GET', '/v1/prices/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.price, 'price', id),
  ),
  route(
    'POST',
    '/v1/prices/:id',
    {
      active: boolean,
      metadata,
      nickname: unsettable(text()),
      lookup_key: text(200),
      transfer_lookup_key: boolean,
    },
    (scope, params, { id }) => {
      const { tables } = scope.sim;
      const before = owned(scope, tables.price, 'price', id);
      if (params.lookup_key !== undefined && params.lookup_key !== before.lookup_key) {
        releaseLookupKey(scope, params.lookup_key, params.transfer_lookup_key);
      }
      const after: Price = {
        ...before,
        active: params.active ?? before.active,
        nickname: params.nickname === undefined ? before.nickname : params.nickname,
        lookup_key: params.lookup_key ?? before.lookup_key,
        metadata: mergeMetadata(before.metadata, params.metadata),
      };
      tables.price.put(scope.account, after);
      emit(scope, 'price.updated', after, before);
      return after;
    },
  ),
];
