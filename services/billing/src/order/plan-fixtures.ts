// What a plan is asked about, at noon: an order of an hour ago, and what Stripe and the installer say of it.
import { announcementKey } from './announcement.ts';
import { nextStep } from './plan.ts';
import type { ChargeSeen, InstallSeen, PaymentSeen, SessionSeen, SubscriptionSeen } from './port.ts';
import type { OrderState, Seen, Step, Wanted } from './step.ts';

export const now = new Date('2026-11-20T12:00:00Z');
export const hours = (count: number): Date => new Date(now.getTime() + count * 3_600_000);

export const wanted = (state: OrderState, change: Partial<Wanted> = {}): Wanted => ({
  state,
  mode: 'one-time',
  hasSession: true,
  cancel: 'no',
  refund: false,
  createdAt: hours(-1),
  since: now,
  announced: [],
  deadline: hours(23),
  installEnd: 'not-asked',
  installSleep: 'awake',
  detachedAt: undefined,
  ...change,
});

export const session = (change: Partial<SessionSeen> = {}): SessionSeen => ({
  status: 'complete',
  settled: false,
  amountTotal: 2_000,
  paymentIntentId: undefined,
  subscriptionId: undefined,
  ...change,
});

export const charge = (change: Partial<ChargeSeen> = {}): ChargeSeen => ({
  id: 'ch_1',
  captured: 2_000,
  refunded: 0,
  hasFee: true,
  dispute: 'none',
  covers: [],
  ...change,
});

export const payment = (status: PaymentSeen['status'], paid?: ChargeSeen): PaymentSeen => ({
  status,
  received: paid?.captured ?? 0,
  heldSince: now,
  charge: paid,
});

export const subscription = (
  status: SubscriptionSeen['status'],
  change: Partial<SubscriptionSeen> = {},
): SubscriptionSeen => ({
  status,
  invoicePaid: true,
  unpaidInvoiceId: undefined,
  retriesOver: false,
  endsAt: undefined,
  charges: [charge()],
  ...change,
});

export const install = (phase: InstallSeen['phase'], message = ''): InstallSeen => ({
  id: 'ins_1',
  phase,
  reason: '',
  message,
});

export const held: Seen = { money: { payment: payment('requires_capture') } };
export const paid: Seen = { money: { payment: payment('succeeded', charge()) } };
export const subscribed: Seen = { money: { subscription: subscription('active') } };

/** A step in short: what is done, or the state entered with its reason. */
const short = (step: Step): string => {
  if (step.do === 'enter') return `${step.state} ${step.reason}`.trim();
  return step.do === 'announce' ? `announce ${announcementKey(step.what)}` : step.do;
};

export const step = (want: Wanted, seen: Seen): string => short(nextStep(want, seen, now));
