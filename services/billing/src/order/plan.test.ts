import { describe, expect, test } from 'vitest';
import { announcementKey } from './announcement.ts';
import { unusedOf } from './money-back.ts';
import { nextStep } from './plan.ts';
import type { OrderState, Seen, Step, Wanted } from './step.ts';
import type { ChargeSeen, InstallSeen, PaymentSeen, SessionSeen, SubscriptionSeen } from './port.ts';

const now = new Date('2026-11-20T12:00:00Z');
const hours = (count: number): Date => new Date(now.getTime() + count * 3_600_000);

const wanted = (state: OrderState, change: Partial<Wanted> = {}): Wanted => ({
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

const session = (change: Partial<SessionSeen> = {}): SessionSeen => ({
  status: 'complete',
  settled: false,
  amountTotal: 2_000,
  paymentIntentId: undefined,
  subscriptionId: undefined,
  ...change,
});

const charge = (change: Partial<ChargeSeen> = {}): ChargeSeen => ({
  id: 'ch_1',
  captured: 2_000,
  refunded: 0,
  hasFee: true,
  dispute: 'none',
  covers: [],
  ...change,
});

const payment = (status: PaymentSeen['status'], paid?: ChargeSeen): PaymentSeen => ({
  status,
  received: paid?.captured ?? 0,
  heldSince: now,
  charge: paid,
});

const subscription = (
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

const install = (phase: InstallSeen['phase'], message = ''): InstallSeen => ({
  id: 'ins_1',
  phase,
  reason: '',
  message,
});

const held: Seen = { money: { payment: payment('requires_capture') } };
const paid: Seen = { money: { payment: payment('succeeded', charge()) } };
const subscribed: Seen = { money: { subscription: subscription('active') } };

/** A step in short: what is done, or the state entered with its reason. */
const short = (step: Step): string => {
  if (step.do === 'enter') return `${step.state} ${step.reason}`.trim();
  return step.do === 'announce' ? `announce ${announcementKey(step.what)}` : step.do;
};

const step = (want: Wanted, seen: Seen): string => short(nextStep(want, seen, now));

describe('OPEN', () => {
  const open = wanted('open');
  test.each<[string, Wanted, Seen, string]>([
    ['waits for the session', open, { money: { session: session({ status: 'open' }) } }, 'wait'],
    ['expires with it', open, { money: { session: session({ status: 'expired' }) } }, 'expired ABANDONED'],
    [
      'closes it when cancelled',
      { ...open, cancel: 'at-once' },
      { money: { session: session({ status: 'open' }) } },
      'expire-session',
    ],
    [
      'and is then cancelled',
      { ...open, cancel: 'at-once' },
      { money: { session: session({ status: 'expired' }) } },
      'expired CANCELLED',
    ],
    ['is held', open, { money: { session: session(), ...held.money } }, 'authorized'],
    ['waits for a debit', open, { money: { session: session(), payment: payment('processing') } }, 'wait'],
    [
      'fails with a debit',
      open,
      { money: { session: session(), payment: payment('requires_payment_method') } },
      'expired PAYMENT_FAILED',
    ],
    ['is nothing to pay', open, { money: { session: session({ settled: true }) } }, 'authorized'],
    ['was never begun', { ...open, createdAt: hours(-25) }, { money: {} }, 'expired ABANDONED'],
    ['may still begin', open, { money: {} }, 'wait'],
  ])('%s', (_name, want, seen, expected) => {
    expect(step(want, seen)).toBe(expected);
  });

  const subscribing = wanted('open', { mode: 'subscription' });
  test.each<[string, SubscriptionSeen, boolean, string]>([
    ['trialing', subscription('trialing'), true, 'authorized'],
    ['active and paid', subscription('active'), true, 'authorized'],
    ['active by a debit that has not settled', subscription('active', { invoicePaid: false }), false, 'wait'],
    [
      'active by a debit that has settled',
      subscription('active', { invoicePaid: true }),
      false,
      'authorized',
    ],
    ['incomplete', subscription('incomplete', { invoicePaid: false }), false, 'wait'],
    ['given up', subscription('incomplete_expired'), false, 'expired PAYMENT_FAILED'],
  ])('a subscription that is %s', (_name, seen, settled, expected) => {
    expect(step(subscribing, { money: { session: session({ settled }), subscription: seen } })).toBe(
      expected,
    );
  });
});

describe('AUTHORIZED and DEPLOYING', () => {
  const deploying = wanted('deploying');
  test.each<[string, Wanted, Seen, string]>([
    ['asks for the install', wanted('authorized'), held, 'ensure-install'],
    [
      'not after the deadline',
      wanted('authorized', { deadline: hours(0) }),
      held,
      'compensating DEADLINE_EXCEEDED',
    ],
    ['not when cancelled', wanted('authorized', { cancel: 'at-once' }), held, 'compensating CANCELLED'],
    [
      'not when the hold is gone',
      wanted('authorized'),
      { money: { payment: payment('canceled') } },
      'compensating HOLD_LOST',
    ],
    ['waits for the install', deploying, { ...held, install: install('underway') }, 'wait'],
    ['waits for the installer', deploying, held, 'wait'],
    ['captures when healthy', deploying, { ...held, install: install('healthy') }, 'capture'],
    [
      'captures after the deadline too',
      { ...deploying, deadline: hours(-1) },
      { ...held, install: install('healthy') },
      'capture',
    ],
    ['says that it is late', { ...deploying, since: hours(-0.5) }, held, 'announce delayed'],
    ['also before there is an install', wanted('authorized', { since: hours(-1) }), held, 'announce delayed'],
    ['says so once', { ...deploying, since: hours(-1), announced: ['delayed'] }, held, 'wait'],
    [
      'does not when it is healthy',
      { ...deploying, since: hours(-1) },
      { ...held, install: install('healthy') },
      'capture',
    ],
    ['is fulfilled when captured', deploying, { ...paid, install: install('healthy') }, 'fulfilled'],
    [
      'is fulfilled when free',
      wanted('deploying', { mode: 'free' }),
      { money: {}, install: install('healthy') },
      'fulfilled',
    ],
    [
      'is undone when failed',
      deploying,
      { ...held, install: install('failed') },
      'compensating INSTALL_FAILED',
    ],
    ['is undone when removed', deploying, { ...held, install: install('gone') }, 'compensating INSTALL_GONE'],
    [
      'is undone by the seller',
      { ...deploying, refund: true },
      { ...held, install: install('underway') },
      'compensating REFUNDED_BY_SELLER',
    ],
    [
      'is undone with its subscription',
      deploying,
      { money: { subscription: subscription('canceled') } },
      'compensating SUBSCRIPTION_ENDED',
    ],
    [
      'is undone past the deadline though nobody answers',
      { ...deploying, deadline: hours(-1) },
      held,
      'compensating DEADLINE_EXCEEDED',
    ],
  ])('%s', (_name, want, seen, expected) => {
    expect(step(want, seen)).toBe(expected);
  });

  test('a wait ends with the deadline', () => {
    const soon = { ...deploying, deadline: new Date(now.getTime() + 1_000) };
    expect(nextStep(soon, { ...held, install: install('underway') }, now)).toEqual({
      do: 'wait',
      afterMs: 1_000,
    });
  });
});

test('a wait ends when it is late', () => {
  const since = new Date(now.getTime() - 29 * 60_000);
  expect(nextStep(wanted('deploying', { since }), held, now)).toEqual({ do: 'wait', afterMs: 60_000 });
});

describe('COMPENSATING', () => {
  const undo = wanted('compensating');
  test.each<[string, Wanted, Seen, string]>([
    ['releases the hold', undo, held, 'release'],
    ['refunds what was captured', undo, paid, 'refund'],
    ['then ends the install', undo, { money: { payment: payment('canceled') } }, 'end-install'],
    [
      'and is done',
      { ...undo, installEnd: 'going' },
      { money: { payment: payment('canceled') } },
      'refunded',
    ],
    ['cancels the subscription first', undo, subscribed, 'cancel-subscription'],
    ['then refunds its charges', undo, { money: { subscription: subscription('canceled') } }, 'refund'],
    [
      'each of them',
      undo,
      {
        money: {
          subscription: subscription('canceled', {
            charges: [charge({ refunded: 2_000 }), charge({ id: 'ch_2' })],
          }),
        },
      },
      'refund',
    ],
    [
      'leaves a dispute to the bank',
      undo,
      { money: { payment: payment('succeeded', charge({ dispute: 'open' })) } },
      'end-install',
    ],
    ['waits for a debit on its way', undo, { money: { payment: payment('processing') } }, 'wait'],
    ['has nothing to give back', { ...undo, mode: 'free' }, { money: {} }, 'end-install'],
  ])('%s', (_name, want, seen, expected) => {
    expect(step(want, seen)).toBe(expected);
  });
});

describe('its cluster is forgotten', () => {
  const delivered = wanted('fulfilled', { mode: 'subscription' });
  const detached = { ...delivered, detachedAt: now };
  const month = { from: hours(-240), until: hours(480) };
  const charges = (change: Partial<ChargeSeen> = {}) => [
    charge({ covers: [{ amount: 2_000, ...month }], ...change }),
  ];
  const sub = (status: SubscriptionSeen['status'], change: Partial<ChargeSeen> = {}): Seen => ({
    money: { subscription: subscription(status, { charges: charges(change) }) },
    install: install('detached'),
  });
  test.each<[string, Wanted, Seen, string]>([
    [
      'before it was delivered: undone',
      wanted('deploying'),
      { ...held, install: install('detached') },
      'compensating INSTALL_GONE',
    ],
    ['is noted first', delivered, sub('active'), 'note-detached'],
    ['also when it is not paid', { ...delivered, state: 'suspended' }, sub('unpaid'), 'note-detached'],
    ['nothing more is charged', detached, sub('active'), 'cancel-subscription'],
    ['the unused part is given back', detached, sub('canceled'), 'refund'],
    ['once', detached, sub('canceled', { refunded: 1_333 }), 'ended CLUSTER_FORGOTTEN'],
    ['not what is disputed', detached, sub('canceled', { dispute: 'open' }), 'ended CLUSTER_FORGOTTEN'],
    [
      'what was bought at once is used',
      { ...detached, mode: 'one-time' },
      { ...paid, install: install('detached') },
      'ended CLUSTER_FORGOTTEN',
    ],
    ['what was free has no money', { ...detached, mode: 'free' }, { money: {} }, 'ended CLUSTER_FORGOTTEN'],
    ['a refund of everything goes before', { ...detached, refund: true }, sub('canceled'), 'refund'],
  ])('%s', (_name, want, seen, expected) => {
    expect(step(want, seen)).toBe(expected);
  });

  const at = (days: number) => hours(days * 24);
  test.each<[string, Partial<ChargeSeen>, number]>([
    ['two thirds of a month', {}, 1_333],
    ['with tax, in proportion', { captured: 2_400 }, 1_600],
    [
      'of a month that has not begun, all',
      { covers: [{ amount: 2_000, from: at(1), until: at(31) }] },
      2_000,
    ],
    ['of one that is over, nothing', { covers: [{ amount: 2_000, from: at(-31), until: at(-1) }] }, 0],
    [
      'of a set-up fee, nothing',
      {
        covers: [
          { amount: 1_000, from: now, until: now },
          { amount: 1_000, ...month },
        ],
      },
      666,
    ],
    [
      'of more seats since the middle, theirs',
      {
        covers: [
          { amount: -500, from: at(-5), until: at(5) },
          { amount: 2_500, from: at(-5), until: at(5) },
        ],
      },
      1_000,
    ],
    ['of what is not known, nothing', { covers: [] }, 0],
  ])('unused: %s', (_name, change, expected) => {
    expect(unusedOf(charge({ covers: [{ amount: 2_000, ...month }], ...change }), now)).toBe(expected);
  });
});

describe('FULFILLED, SUSPENDED and after', () => {
  const delivered = wanted('fulfilled');
  const sub = wanted('fulfilled', { mode: 'subscription' });
  const suspended = wanted('suspended', { mode: 'subscription', installSleep: 'asleep' });
  const unpaid = (status: SubscriptionSeen['status'], retriesOver = false): Seen => ({
    money: {
      subscription: subscription(status, { invoicePaid: false, unpaidInvoiceId: 'in_1', retriesOver }),
    },
  });
  test.each<[string, Wanted, Seen, string]>([
    ['rests', delivered, paid, 'rest'],
    [
      'rests while a part is refunded',
      delivered,
      { money: { payment: payment('succeeded', charge({ refunded: 1 })) } },
      'rest',
    ],
    [
      'ends when all is refunded',
      delivered,
      { money: { payment: payment('succeeded', charge({ refunded: 2_000 })) } },
      'ended REFUNDED_BY_SELLER',
    ],
    [
      'rests while a dispute is open',
      delivered,
      { money: { payment: payment('succeeded', charge({ dispute: 'open' })) } },
      'rest',
    ],
    [
      'rests when it is won',
      delivered,
      { money: { payment: payment('succeeded', charge({ dispute: 'won' })) } },
      'rest',
    ],
    [
      'ends when it is lost',
      delivered,
      { money: { payment: payment('succeeded', charge({ dispute: 'lost' })) } },
      'ended DISPUTE_LOST',
    ],
    ['gives back for the seller', { ...delivered, refund: true }, paid, 'refund'],
    ['ends for the buyer', { ...delivered, cancel: 'at-once' }, paid, 'ended CANCELLED'],
    ['a subscription is looked at every day', sub, subscribed, 'wait'],
    ['says that a payment failed', sub, unpaid('past_due'), 'announce payment_failed in_1'],
    ['and bears it', { ...sub, announced: ['payment_failed in_1'] }, unpaid('past_due'), 'wait'],
    [
      'says it of each invoice',
      { ...sub, announced: ['payment_failed in_0'] },
      unpaid('past_due'),
      'announce payment_failed in_1',
    ],
    ['is suspended after the last', sub, unpaid('past_due', true), 'suspended PAYMENT_FAILED'],
    ['is suspended when unpaid', sub, unpaid('unpaid'), 'suspended PAYMENT_FAILED'],
    ['is then hibernated', { ...suspended, installSleep: 'unknown' }, unpaid('unpaid'), 'hibernate-install'],
    [
      'though Stripe tries again',
      { ...suspended, installSleep: 'unknown' },
      unpaid('past_due'),
      'hibernate-install',
    ],
    ['goes on when paid', suspended, subscribed, 'fulfilled PAID'],
    [
      'though it was not hibernated yet',
      { ...suspended, installSleep: 'unknown' },
      subscribed,
      'fulfilled PAID',
    ],
    ['and is revived', { ...sub, installSleep: 'unknown' }, subscribed, 'revive-install'],
    [
      'though the next payment fails already',
      { ...sub, installSleep: 'unknown' },
      unpaid('past_due'),
      'revive-install',
    ],
    ['stays suspended while Stripe tries', suspended, unpaid('past_due'), 'wait'],
    ['is kept for 11 days', { ...suspended, since: hours(-11 * 24 + 1) }, unpaid('unpaid'), 'wait'],
    [
      'is then told of its end',
      { ...suspended, since: hours(-11 * 24) },
      unpaid('unpaid'),
      'announce removal_announced',
    ],
    [
      'once',
      { ...suspended, since: hours(-13 * 24), announced: ['removal_announced'] },
      unpaid('unpaid'),
      'wait',
    ],
    ['ends after 14', { ...suspended, since: hours(-14 * 24) }, unpaid('unpaid'), 'ended UNPAID'],
    ['unless it is paid', { ...suspended, since: hours(-14 * 24) }, subscribed, 'fulfilled PAID'],
    [
      'ends when it is cancelled',
      suspended,
      { money: { subscription: subscription('canceled') } },
      'ended SUBSCRIPTION_ENDED',
    ],
    ['is cancelled at once', { ...sub, cancel: 'at-once' }, subscribed, 'cancel-subscription'],
    [
      'and then ended',
      { ...sub, cancel: 'at-once' },
      { money: { subscription: subscription('canceled') } },
      'ended CANCELLED',
    ],
    [
      'is cancelled at the end',
      { ...sub, cancel: 'at-period-end' },
      subscribed,
      'cancel-subscription-at-period-end',
    ],
    [
      'looks when it should have ended',
      { ...sub, cancel: 'at-period-end' },
      { money: { subscription: subscription('active', { endsAt: hours(9) }) } },
      'wait',
    ],
    [
      'lost a dispute: nothing is charged any more',
      wanted('ended', { mode: 'subscription' }),
      subscribed,
      'cancel-subscription',
    ],
    ['nothing runs any more', wanted('ended'), paid, 'end-install'],
    ['until it is gone', wanted('refunded', { installEnd: 'going' }), { money: {} }, 'end-install'],
    ['then rests', wanted('refunded', { installEnd: 'gone' }), { money: {} }, 'rest'],
    ['expired rests', wanted('expired'), { money: {} }, 'rest'],
  ])('%s', (_name, want, seen, expected) => {
    expect(step(want, seen)).toBe(expected);
  });
});
