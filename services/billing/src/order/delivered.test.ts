import { describe, expect, test } from 'vitest';
import { charge, hours, paid, payment, step, subscribed, subscription, wanted } from './plan-fixtures.ts';
import type { SubscriptionSeen } from './port.ts';
import type { Seen, Wanted } from './step.ts';

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
