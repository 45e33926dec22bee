import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { mergeMetadata, metadata, range, record, text, unsettable } from '../params.ts';
import type { Parsed } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { searchCustomers } from './customer-search.ts';
import { emit } from './event.ts';

export interface Customer extends StripeObject {
  object: 'customer';
  email: string | null;
  name: string | null;
  phone: string | null;
  description: string | null;
  metadata: Record<string, string>;
  invoice_settings: { default_payment_method: string | null; [field: string]: unknown };
  created: number;
}

const line = unsettable(text());
export const addressParams = record({
  city: line,
  country: line,
  line1: line,
  line2: line,
  postal_code: line,
  state: line,
});
const emptyAddress = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

const params = {
  email: unsettable(text(512)),
  name: unsettable(text(256)),
  phone: unsettable(text(20)),
  description: unsettable(text()),
  address: unsettable(addressParams),
  metadata,
  invoice_settings: record({ default_payment_method: text() }),
};

export function createCustomer(
  scope: Scope,
  wanted: Omit<Parsed<typeof params>, 'invoice_settings'>,
): Customer {
  const customer: Customer = {
    id: `cus_${newId('x').slice(2, 16)}`,
    object: 'customer',
    address: wanted.address ? { ...emptyAddress, ...wanted.address } : null,
    balance: 0,
    created: scope.sim.clock.now(),
    currency: null,
    default_source: null,
    delinquent: false,
    description: wanted.description ?? null,
    discount: null,
    email: wanted.email ?? null,
    invoice_prefix: newId('x').slice(2, 10).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: mergeMetadata({}, wanted.metadata),
    name: wanted.name ?? null,
    next_invoice_sequence: 1,
    phone: wanted.phone ?? null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
  scope.sim.tables.customer.put(scope.account, customer);
  emit(scope, 'customer.created', customer);
  return customer;
}

export function updateCustomer(scope: Scope, id: string, wanted: Parsed<typeof params>): Customer {
  const { tables } = scope.sim;
  const before = owned(scope, tables.customer, 'customer', id);
  const method = wanted.invoice_settings?.default_payment_method;
  if (method !== undefined) {
    owned(scope, tables.paymentMethod, 'PaymentMethod', method, 'invoice_settings[default_payment_method]');
  }
  const { metadata: meta, invoice_settings: _settings, address, ...texts } = wanted;
  const given = Object.fromEntries(Object.entries(texts).filter(([, value]) => value !== undefined));
  const after: Customer = {
    ...before,
    ...given,
    ...(address !== undefined && { address: address && { ...emptyAddress, ...address } }),
    metadata: mergeMetadata(before.metadata, meta),
    ...(method !== undefined && {
      invoice_settings: { ...before.invoice_settings, default_payment_method: method },
    }),
  };
  tables.customer.put(scope.account, after);
  emit(scope, 'customer.updated', after, before);
  return after;
}

export const customerRoutes = [
  route('POST', '/v1/customers', { ...params, invoice_settings: record({}) }, createCustomer),
  route(
    'GET',
    '/v1/customers',
    { ...listParams, email: text(), created: range },
    ({ sim, account }, wanted) => {
      const found = sim.tables.customer
        .list(account)
        // Stripe compares the address with its case.
        .filter((customer) => wanted.email === undefined || customer.email === wanted.email)
        .filter((customer) => wanted.created?.(customer.created) ?? true);
      return page(found, wanted, '/v1/customers');
    },
  ),
  searchCustomers,
  route('GET', '/v1/customers/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.customer, 'customer', id),
  ),
  route('POST', '/v1/customers/:id', params, (scope, wanted, { id }) => updateCustomer(scope, id, wanted)),
  route('GET', '/v1/customers/:id/payment_methods', listParams, (scope, wanted, { id }) => {
    owned(scope, scope.sim.tables.customer, 'customer', id);
    const methods = scope.sim.tables.paymentMethod
      .list(scope.account)
      .filter((method) => method.customer === id);
    return page(methods, wanted, `/v1/customers/${id}/payment_methods`);
  }),
];
