import { invalidRequest, StripeSimError } from '../errors.ts';
import { newId } from '../ids.ts';
import { listParams, page } from '../list.ts';
import { boolean, mergeMetadata, metadata, oneOf, range, record, text, url } from '../params.ts';
import { route } from '../route.ts';
import { platformAccount } from '../simulation.ts';
import type { Scope, Simulation } from '../simulation.ts';
import type { StripeObject } from '../tables.ts';
import { emit } from './event.ts';

export interface Account extends StripeObject {
  object: 'account';
  charges_enabled: boolean;
  payouts_enabled: boolean;
  details_submitted: boolean;
  created: number;
  country: string;
  default_currency: string;
  email: string | null;
  business_profile: { name: string | null; [field: string]: unknown };
  metadata: Record<string, string>;
}

const currencyByCountry: Record<string, string> = { US: 'usd', GB: 'gbp', CH: 'chf', SE: 'sek', CA: 'cad' };

const outstanding = ['business_profile.url', 'external_account', 'tos_acceptance.date', 'tos_acceptance.ip'];

/** What is still asked of an account, which says whether it may take payments. */
function standing(complete: boolean) {
  const due = complete ? [] : outstanding;
  const requirements = {
    alternatives: [],
    current_deadline: null,
    currently_due: due,
    disabled_reason: complete ? null : 'requirements.past_due',
    errors: [],
    eventually_due: due,
    past_due: due,
    pending_verification: [],
  };
  const capability = complete ? 'active' : 'inactive';
  return {
    charges_enabled: complete,
    payouts_enabled: complete,
    details_submitted: complete,
    capabilities: { card_payments: capability, transfers: capability },
    requirements,
    future_requirements: {
      ...requirements,
      currently_due: [],
      eventually_due: [],
      past_due: [],
      disabled_reason: null,
    },
  };
}

interface NewAccount {
  id: string;
  created: number;
  country: string;
  email: string | null;
  name: string | null;
  metadata: Record<string, string>;
  complete: boolean;
}

function newAccount(wanted: NewAccount): Account {
  return {
    id: wanted.id,
    object: 'account',
    business_profile: {
      annual_revenue: null,
      estimated_worker_count: null,
      mcc: null,
      name: wanted.name,
      product_description: null,
      support_address: null,
      support_email: null,
      support_phone: null,
      support_url: null,
      url: null,
    },
    business_type: null,
    controller: {
      fees: { payer: 'account' },
      is_controller: true,
      losses: { payments: 'stripe' },
      requirement_collection: 'stripe',
      stripe_dashboard: { type: 'full' },
      type: 'application',
    },
    country: wanted.country,
    created: wanted.created,
    default_currency: currencyByCountry[wanted.country] ?? 'eur',
    email: wanted.email,
    metadata: wanted.metadata,
    settings: {
      branding: { icon: null, logo: null, primary_color: null, secondary_color: null },
      card_payments: {
        decline_on: { avs_failure: false, cvc_failure: false },
        statement_descriptor_prefix: null,
        statement_descriptor_prefix_kana: null,
        statement_descriptor_prefix_kanji: null,
      },
      dashboard: { display_name: wanted.name, timezone: 'Etc/UTC' },
      payments: {
        statement_descriptor: null,
        statement_descriptor_kana: null,
        statement_descriptor_kanji: null,
      },
    },
    type: 'standard',
    ...standing(wanted.complete),
  };
}

/** The account that owns the API keys is there from the beginning. */
export function ensurePlatform({ tables, clock }: Simulation): void {
  if (tables.account.get(platformAccount)) return;
  tables.account.put(
    platformAccount,
    newAccount({
      id: platformAccount,
      created: clock.now(),
      country: 'DE',
      email: 'platform@example.com',
      name: 'CNAP',
      metadata: {},
      complete: true,
    }),
  );
}

/** The account of an id in a header or path: Stripe does not tell a foreign account from none. */
export function accountFor(sim: Simulation, id: string): Account {
  const found = sim.tables.account.get(id);
  if (!found) {
    throw new StripeSimError(
      403,
      `The provided key does not have access to account '${id}' (or that account does not exist). Application access may have been revoked.`,
      { code: 'account_invalid' },
    );
  }
  return found;
}

/** Changes an account; what is connected to the platform hears of it. */
export function changeAccount(scope: Scope, id: string, change: Partial<Account>): Account {
  const before = accountFor(scope.sim, id);
  const after: Account = { ...before, ...change };
  scope.sim.tables.account.put(platformAccount, after);
  if (id !== platformAccount) emit({ ...scope, account: id }, 'account.updated', after, before);
  return after;
}

export const completeOnboarding = (scope: Scope, id: string): Account => {
  if (accountFor(scope.sim, id).details_submitted) return accountFor(scope.sim, id);
  return changeAccount(scope, id, standing(true));
};

export function requireChargesEnabled(scope: Scope): void {
  if (!accountFor(scope.sim, scope.account).charges_enabled) {
    throw invalidRequest('Your account cannot currently make charges: it has not completed its onboarding.');
  }
}

const profile = record({ name: text(), url });
const changeable = { email: text(), metadata, business_profile: profile };
const capability = record({ requested: boolean });

function editAccount(
  scope: Scope,
  id: string,
  params: {
    email?: string | undefined;
    metadata?: Record<string, string | null> | undefined;
    business_profile?: { name?: string | undefined; url?: string | undefined } | undefined;
  },
): Account {
  const old = accountFor(scope.sim, id);
  return changeAccount(scope, id, {
    ...(params.email !== undefined && { email: params.email }),
    ...(params.business_profile && {
      business_profile: {
        ...old.business_profile,
        name: params.business_profile.name ?? old.business_profile.name,
        url: params.business_profile.url ?? old.business_profile.url,
      },
    }),
    metadata: mergeMetadata(old.metadata, params.metadata),
  });
}

export const accountRoutes = [
  route('GET', '/v1/account', {}, ({ sim, account }) => accountFor(sim, account)),
  route('GET', '/v1/accounts', { ...listParams, created: range }, ({ sim }, params) => {
    const connected = sim.tables.account
      .list(platformAccount)
      .filter((account) => account.id !== platformAccount && (params.created?.(account.created) ?? true));
    return page(connected, params, '/v1/accounts');
  }),
  route('GET', '/v1/accounts/:id', {}, ({ sim }, _params, { id }) => accountFor(sim, id)),
  route(
    'POST',
    '/v1/accounts',
    {
      ...changeable,
      // Only Standard accounts are simulated: by their old name, or by what the platform controls.
      type: oneOf('standard'),
      controller: record({
        fees: record({ payer: oneOf('account') }),
        losses: record({ payments: oneOf('stripe') }),
        requirement_collection: oneOf('stripe'),
        stripe_dashboard: record({ type: oneOf('full') }),
      }),
      country: text(2),
      capabilities: record({ card_payments: capability, transfers: capability }),
    },
    (scope, params) => {
      if (scope.account !== platformAccount) throw invalidRequest('Only the platform can create accounts.');
      if (params.type && params.controller) {
        throw invalidRequest(
          'You may not provide the `type` parameter and `controller` parameters simultaneously.',
        );
      }
      const account = newAccount({
        id: `acct_${newId('x').slice(2, 18)}`,
        created: scope.sim.clock.now(),
        country: (params.country ?? 'DE').toUpperCase(),
        email: params.email ?? null,
        name: params.business_profile?.name ?? null,
        metadata: mergeMetadata({}, params.metadata),
        complete: false,
      });
      return scope.sim.tables.account.put(platformAccount, account);
    },
  ),
  route('POST', '/v1/accounts/:id', changeable, (scope, params, { id }) => editAccount(scope, id, params)),
];
