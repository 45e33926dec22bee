import { describe, expect, test } from 'vitest';
import { unusedOf } from './money-back.ts';
import { charge, held, hours, install, now, paid, step, subscription, wanted } from './plan-fixtures.ts';
import type { ChargeSeen, SubscriptionSeen } from './port.ts';
import type { Seen, Wanted } from './step.ts';

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
