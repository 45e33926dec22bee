import { createAgenda } from './agenda.ts';
import type { AgendaHandlers } from './agenda.ts';
import { createClock } from './clock.ts';
import { createFaults } from './faults.ts';
import type { Faults } from './faults.ts';
import { createIdempotency } from './idempotency.ts';
import { ensurePlatform } from './resources/account.ts';
import { expireSession } from './resources/checkout-session.ts';
import { retryInvoice } from './resources/invoice-flow.ts';
import { expireHold } from './resources/payment-flow.ts';
import { announceTrialEnd, endPeriod } from './resources/subscription-cycle.ts';
import { startServer } from './server.ts';
import { defaultSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import { scopeOf } from './simulation.ts';
import type { Simulation } from './simulation.ts';
import { openStore } from './store.ts';
import { openTables } from './tables.ts';
import { startWebhooks } from './webhooks.ts';
import type { Delivery } from './webhooks.ts';

export { apiVersion, platformAccount } from './simulation.ts';
export type { Fault, FaultKind, NewFault } from './faults.ts';
export type { Settings, WebhookEndpoint } from './settings.ts';
export type { Delivery } from './webhooks.ts';

export interface StripesimOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  /** Default 127.0.0.1. Another one is for containers: whoever reaches the port may do everything. */
  host?: string;
  /** The address in links to its pages; default: where it listens. */
  publicUrl?: string;
  /** State is kept here and read again at the next start; without it, it is gone at the end. */
  dataDir?: string;
  settings?: Partial<Settings>;
}

/** A running simulation. What /_sim offers over HTTP is here for tests in the same process. */
export interface Stripesim extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly host: string;
  /** May be changed at any time. */
  readonly settings: Settings;
  readonly faults: Faults;
  /** Simulated time, seconds since 1970. */
  now(): number;
  /** Moves the clock, doing on the way what is due: renewals, retries, expiries. Returns how many things happened. */
  advance(seconds: number): number;
  /** Resolves when every webhook has been delivered or given up. */
  webhooksIdle(signal?: AbortSignal): Promise<void>;
  deliveries(): Delivery[];
}

const tickMs = 1_000;

function agendaHandlers(simOf: () => Simulation): AgendaHandlers {
  return {
    'session-expires'(account, ref) {
      const session = simOf().tables.session.get(ref);
      if (session?.status === 'open') expireSession(scopeOf(simOf(), account), session);
    },
    'hold-expires': (account, ref) => expireHold(scopeOf(simOf(), account), ref),
    'trial-ending': (account, ref) => announceTrialEnd(scopeOf(simOf(), account), ref),
    'period-ends': (account, ref) => endPeriod(scopeOf(simOf(), account), ref),
    'invoice-retry': (account, ref) => retryInvoice(scopeOf(simOf(), account), ref),
  };
}

/** Starts a simulated Stripe: a test double for the part of Stripe that CNAP uses. */
export async function startStripesim(options: StripesimOptions = {}): Promise<Stripesim> {
  await using stack = new AsyncDisposableStack();
  const settings: Settings = { ...defaultSettings, ...options.settings };
  const store = stack.use(openStore(options.dataDir));
  const tables = openTables(store);
  const clock = createClock(store);
  const idempotency = createIdempotency(store, clock);
  idempotency.forgetOld();
  const faults = createFaults();
  const webhooks = stack.use(startWebhooks(store, settings, faults));
  let sim: Simulation | undefined;
  const simOf = (): Simulation => {
    if (!sim) throw new Error('stripesim has not started yet');
    return sim;
  };
  const agenda = createAgenda(store, clock, agendaHandlers(simOf));
  const host = options.host ?? '127.0.0.1';
  const address = { host, port: options.port ?? 0, publicUrl: options.publicUrl };
  const server = stack.use(
    await startServer(address, (url) => {
      const started: Simulation = { store, tables, clock, agenda, settings, webhooks, faults, url };
      sim = started;
      store.transaction(() => ensurePlatform(started));
      return { sim: started, idempotency };
    }),
  );
  const timer = setInterval(() => {
    try {
      agenda.runDue();
    } catch (error) {
      console.error('stripesim:', error);
    }
  }, tickMs);
  stack.defer(() => clearInterval(timer));
  const running = stack.move();
  return {
    url: server.url,
    port: server.port,
    host,
    settings,
    faults,
    now: clock.now,
    advance: (seconds) => agenda.advance(clock.now() + seconds),
    webhooksIdle: webhooks.idle,
    deliveries: webhooks.deliveries,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
