import { describe, expect, test } from 'vitest';
import {
  charge,
  held,
  hours,
  install,
  now,
  paid,
  payment,
  session,
  step,
  subscribed,
  subscription,
  wanted,
} from './plan-fixtures.ts';
import { nextStep } from './plan.ts';
import type { SubscriptionSeen } from './port.ts';
import type { Seen, Wanted } from './step.ts';

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
