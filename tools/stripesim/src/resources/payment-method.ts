import type { Decline } from '../cards.ts';
import { testCards } from '../cards.ts';
import { invalidRequest } from '../errors.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { owned } from '../owned.ts';
import { oneOf, text } from '../params.ts';
import { route } from '../route.ts';
import type { Scope } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { updateCustomer } from './customer.ts';
import { emit } from './event.ts';

export interface BillingDetails {
  address: Record<string, string | null>;
  email: string | null;
  name: string | null;
  phone: string | null;
  tax_id: string | null;
}

export interface PaymentMethod extends StripeObject {
  object: 'payment_method';
  type: 'card' | 'sepa_debit';
  customer: string | null;
  billing_details: BillingDetails;
  card?: { brand: string; last4: string; exp_month: number; exp_year: number; funding: string };
  created: number;
}

export interface EnteredCard {
  number: string;
  expMonth: number;
  expYear: number;
}

const noAddress = { city: null, country: null, line1: null, line2: null, postal_code: null, state: null };

export const billingDetails = (email: string | null, name: string | null): BillingDetails => ({
  address: noAddress,
  email,
  name,
  phone: null,
  tax_id: null,
});

const checks = { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' };

export function createCard(scope: Scope, entered: EnteredCard, details: BillingDetails): PaymentMethod {
  const known = testCards[entered.number];
  if (!known) throw invalidRequest('Your card number is incorrect.', 'number', 'incorrect_number');
  const method: PaymentMethod = {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: details,
    card: {
      brand: known.brand,
      checks,
      country: 'US',
      display_brand: known.brand,
      exp_month: entered.expMonth,
      exp_year: entered.expYear,
      fingerprint: `sim${entered.number.slice(-13)}`,
      funding: known.funding,
      generated_from: null,
      last4: entered.number.slice(-4),
      networks: { available: [known.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    } as PaymentMethod['card'] & object,
    created: scope.sim.clock.now(),
    customer: null,
    livemode: false,
    metadata: {},
    type: 'card',
  };
  return scope.sim.tables.paymentMethod.put(scope.account, method);
}

/** A direct debit: its money comes later, or does not. */
export function createBankDebit(scope: Scope, details: BillingDetails): PaymentMethod {
  return scope.sim.tables.paymentMethod.put(scope.account, {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: details,
    created: scope.sim.clock.now(),
    customer: null,
    livemode: false,
    metadata: {},
    sepa_debit: {
      bank_code: '37040044',
      branch_code: '',
      country: 'DE',
      fingerprint: 'simDE89370400440532013000',
      generated_from: { charge: null, setup_attempt: null },
      last4: '3000',
    },
    type: 'sepa_debit',
  });
}

/** Why a charge of this method is refused, if it is. */
export function declineOf(method: PaymentMethod): Decline | undefined {
  const last4 = method.card?.last4;
  const [, card] = Object.entries(testCards).find(([number]) => number.slice(-4) === last4) ?? [];
  return card?.refused ?? card?.refusedWhenCharged;
}

/** Why a card cannot even be entered. */
export const refusalOf = (number: string): Decline | undefined => testCards[number]?.refused;

/** Attaches to the customer and makes it the one that later invoices are charged to. */
export function attach(scope: Scope, methodId: string, customer: string): PaymentMethod {
  const { tables } = scope.sim;
  const before = owned(scope, tables.paymentMethod, 'PaymentMethod', methodId);
  const attached = tables.paymentMethod.put(scope.account, { ...before, customer });
  emit(scope, 'payment_method.attached', attached);
  return attached;
}

export const makeDefault = (scope: Scope, methodId: string, customer: string): void =>
  void updateCustomer(scope, customer, { invoice_settings: { default_payment_method: methodId } });

export const paymentMethodRoutes = [
  route('GET', '/v1/payment_methods/:id', {}, (scope, _params, { id }) =>
    owned(scope, scope.sim.tables.paymentMethod, 'PaymentMethod', id),
  ),
  route(
    'GET',
    '/v1/payment_methods',
    { ...listParams, customer: text(), type: oneOf('card', 'sepa_debit') },
    (scope, params) => {
      const found = scope.sim.tables.paymentMethod
        .list(scope.account)
        .filter((method) => (params.customer === undefined ? true : method.customer === params.customer))
        .filter((method) => params.type === undefined || method.type === params.type);
      return page(found, params, '/v1/payment_methods');
    },
  ),
];
