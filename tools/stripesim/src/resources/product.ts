import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { boolean, list, mergeMetadata, metadata, range, required, text, unsettable, url } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { emit } from './event.ts';

export interface Product extends StripeObject {
  object: 'product';
  active: boolean;
  name: string;
  description: string | null;
  default_price: string | null;
  images: string[];
  metadata: Record<string, string>;
  created: number;
  updated: number;
}

export interface ProductText {
  name: string;
  active?: boolean | undefined;
  description?: string | null | undefined;
  images?: string[] | undefined;
  metadata?: Record<string, string | null> | undefined;
  unit_label?: string | null | undefined;
  statement_descriptor?: string | undefined;
  url?: string | null | undefined;
  id?: string | undefined;
}

export function createProduct(scope: Scope, params: ProductText): Product {
  const now = scope.sim.clock.now();
  if (params.id !== undefined && scope.sim.tables.product.get(params.id)) {
    throw invalidRequest('Product already exists.', 'id', 'resource_already_exists');
  }
  const product: Product = {
    id: params.id ?? newId('prod'),
    object: 'product',
    active: params.active ?? true,
    created: now,
    default_price: null,
    description: params.description ?? null,
    images: params.images ?? [],
    livemode: false,
    marketing_features: [],
    metadata: mergeMetadata({}, params.metadata),
    name: params.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: params.statement_descriptor ?? null,
    tax_code: null,
    unit_label: params.unit_label ?? null,
    updated: now,
    url: params.url ?? null,
  };
  scope.sim.tables.product.put(scope.account, product);
  emit(scope, 'product.created', product);
  return product;
}

const texts = {
  active: boolean,
  description: unsettable(text(40_000)),
  images: list(url),
  metadata,
  unit_label: unsettable(text(12)),
  statement_descriptor: text(22),
  url: unsettable(url),
};

export const productRoutes = [
  route('POST', '/v1/products', { ...texts, name: required(text()), id: text() }, createProduct),
  route(
    'GET',
    '/v1/products',
    { ...listParams, active: boolean, ids: list(text()), created: range },
    ({ sim, account }, params) => {
      const found = sim.tables.product
        .list(account)
        .filter((product) => params.active === undefined || product.active === params.active)
        .filter((product) => params.ids === undefined || params.ids.includes(product.id))
        .filter((product) => params.created?.(product.created) ?? true);
      return page(found, params, '/v1/products');
    },
  ),
  route('GET', '/v1/products/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.product, 'product', id),
  ),
  route(
    'POST',
    '/v1/products/:id',
    { ...texts, name: text(), default_price: text() },
    (scope, params, { id }) => {
      const { tables, clock } = scope.sim;
      const before = owned(scope, tables.product, 'product', id);
      if (params.default_price !== undefined) {
        const price = owned(scope, tables.price, 'price', params.default_price, 'default_price');
        if (price.product !== id) throw invalidRequest('The price is of another product', 'default_price');
      }
      const given = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
      const after: Product = {
        ...before,
        ...given,
        metadata: mergeMetadata(before.metadata, params.metadata),
        updated: clock.now(),
      };
      tables.product.put(scope.account, after);
      emit(scope, 'product.updated', after, before);
      return after;
    },
  ),
  route('DELETE', '/v1/products/:id', {}, (scope, _params, { id }) => {
    const { tables } = scope.sim;
    const product = owned(scope, tables.product, 'product', id);
    if (tables.price.list(scope.account).some((price) => price.product === id)) {
      throw invalidRequest('This product cannot be deleted because it has one or more user-created prices.');
    }
    tables.product.delete(id);
    emit(scope, 'product.deleted', product);
    return { id, object: 'product', deleted: true };
  }),
];
