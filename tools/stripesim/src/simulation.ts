import type { Agenda } from './agenda.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Settings } from './settings.ts';
import type { Store } from './store.ts';
import type { Tables } from './tables.ts';
import type { Webhooks } from './webhooks.ts';

/** The Stripe API version whose shapes stripesim answers with. */
export const apiVersion = '2026-08-26.dahlia';
/** The account that owns the API key. */
export const platformAccount = 'acct_1CNAPplatform0000';
/** The platform's Connect application. */
export const platformApplication = 'ca_CNAPplatform000000000000000000';

export interface Simulation {
  readonly store: Store;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly settings: Settings;
  readonly webhooks: Webhooks;
  readonly faults: Faults;
  /** The address under which this server is reached. */
  readonly url: string;
}

/** On whose behalf something happens, and which request made it happen (null: time, or a test). */
export interface Scope {
  readonly sim: Simulation;
  readonly account: string;
  readonly requestId: string | null;
  readonly idempotencyKey: string | null;
}

export const isConnected = (scope: Scope): boolean => scope.account !== platformAccount;

export const platformScope = (scope: Scope): Scope => ({ ...scope, account: platformAccount });

export const scopeOf = (sim: Simulation, account: string): Scope => ({
  sim,
  account,
  requestId: null,
  idempotencyKey: null,
});
