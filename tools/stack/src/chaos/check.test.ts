import { expect, test } from 'vitest';
import { violationsIn } from './check.ts';
import type { Found } from './found.ts';

/** One of each: delivered, delivered by the month, given back, ended by the seller. */
function aGoodEnd(): Found {
  const purchase = { isPaid: true, isDone: true, note: undefined };
  const order = { reason: '', message: '', captured: 2_500, refunded: 0 };
  return {
    purchases: [
      { ...purchase, index: 0, orderId: 'ord_0', wanted: 'fulfilled', note: 'note 0' },
      { ...purchase, index: 1, orderId: 'ord_1', wanted: 'fulfilled' },
      { ...purchase, index: 2, orderId: 'ord_2', wanted: 'refunded' },
      { ...purchase, index: 3, orderId: 'ord_3', wanted: 'ended' },
    ],
    refusals: [
      { atMs: 1, what: 'GetOrder', code: 'Unavailable', why: [], text: 'gone' },
      { atMs: 2, what: 'the payment', code: '', why: [], text: 'no answer' },
      {
        atMs: 3,
        what: 'CreateCheckout',
        code: 'Unavailable',
        why: ['CHECKOUT_REFUSED', 'CLUSTER_UNAVAILABLE'],
        text: '',
      },
    ],
    orders: [
      { ...order, id: 'ord_0', state: 'FULFILLED', mode: 'one-time', installId: 'ins_0' },
      { ...order, id: 'ord_1', state: 'FULFILLED', mode: 'subscription', installId: 'ins_1' },
      {
        ...order,
        id: 'ord_2',
        state: 'REFUNDED',
        mode: 'one-time',
        installId: 'ins_2',
        reason: 'INSTALL_FAILED',
        captured: 0,
      },
      { ...order, id: 'ord_3', state: 'ENDED', mode: 'one-time', installId: 'ins_3', refunded: 2_500 },
    ],
    installs: [0, 1, 2, 3].map((n) => ({
      id: `ins_${n}`,
      orderId: `ord_${n}`,
      state: n < 2 ? 'RUNNING' : 'DELETED',
      message: '',
      namespace: `cnap-${n}`,
    })),
    stripe: {
      sessions: [0, 1, 2, 3].map((n) => ({
        id: `cs_${n}`,
        orderId: `ord_${n}`,
        isComplete: true,
        intentId: n === 1 ? '' : `pi_${n}`,
        subscriptionId: n === 1 ? 'sub_1' : '',
      })),
      intents: [
        { id: 'pi_0', status: 'succeeded' },
        { id: 'pi_2', status: 'canceled' },
        { id: 'pi_3', status: 'succeeded' },
      ],
      subscriptions: [{ id: 'sub_1', orderId: 'ord_1', isLive: true }],
      charges: [
        { id: 'ch_0', orderId: 'ord_0', captured: 2_500, refunded: 0 },
        { id: 'ch_1', orderId: 'ord_1', captured: 2_500, refunded: 0 },
        { id: 'ch_2', orderId: 'ord_2', captured: 0, refunded: 0 },
        { id: 'ch_3', orderId: 'ord_3', captured: 2_500, refunded: 2_500 },
      ],
    },
    cluster: {
      namespaces: [0, 1].map((n) => ({ name: `cnap-${n}`, installId: `ins_${n}` })),
      clusterWide: [
        { kind: 'ClusterRole', name: 'cnap-0', installId: 'ins_0', namespace: '' },
        { kind: 'PersistentVolume', name: 'pv', installId: '', namespace: 'cnap-1' },
      ],
      workloads: [0, 1].map((n) => ({ namespace: `cnap-${n}`, name: 'web', isReady: true })),
      notes: [{ namespace: 'cnap-0', note: 'note 0' }],
    },
    platform: { deadLetters: [], failingTasks: [], unsentFacts: [{ service: 'billing', count: 0 }] },
  };
}

test('a good end has no violation', () => expect(violationsIn(aGoodEnd())).toEqual([]));

/** The first of a list that is known not to be empty. */
const first = <T>(items: T[], index = 0): T => items[index] as T;

const broken: [string, string, (found: Found) => void][] = [
  ['lost', '', ({ purchases }) => (first(purchases).orderId = '')],
  ['lost', 'ord_9', ({ purchases }) => (first(purchases).orderId = 'ord_9')],
  ['unfinished', 'ord_0', ({ purchases }) => (first(purchases).isPaid = false)],
  ['unfinished', 'ord_0', ({ purchases }) => (first(purchases).isDone = false)],
  ['unsettled', 'ord_0', ({ orders }) => (first(orders).state = 'DEPLOYING')],
  ['wrong end', 'ord_0', ({ orders }) => Object.assign(first(orders), { state: 'REFUNDED', reason: 'X' })],
  ['no reason', 'ord_2', ({ orders }) => (first(orders, 2).reason = '')],
  ['doubled', 'ord_9', ({ orders }) => orders.push({ ...first(orders, 2), id: 'ord_9' })],
  [
    'doubled',
    'ord_0',
    ({ installs }) => installs.push({ ...first(installs), id: 'ins_9', state: 'DELETED' }),
  ],
  ['doubled', 'ord_0', ({ stripe }) => stripe.sessions.push({ ...first(stripe.sessions), id: 'cs_9' })],
  [
    'doubled',
    'ord_1',
    ({ stripe }) => stripe.subscriptions.push({ ...first(stripe.subscriptions), id: 'sub_9' }),
  ],
  ['doubled', 'ord_0', ({ stripe }) => stripe.charges.push({ ...first(stripe.charges), id: 'ch_9' })],
  ['doubled', 'ord_0', ({ cluster }) => cluster.namespaces.push({ name: 'cnap-9', installId: 'ins_0' })],
  ['captured in vain', 'ord_0', ({ installs }) => (first(installs).state = 'FAILED')],
  ['captured in vain', 'ord_0', ({ cluster }) => (first(cluster.workloads).isReady = false)],
  ['captured in vain', 'ord_0', ({ cluster }) => void cluster.workloads.shift()],
  ['captured in vain', 'ord_2', ({ stripe }) => (first(stripe.charges, 2).captured = 2_500)],
  ['captured in vain', 'ord_2', ({ stripe }) => (first(stripe.intents, 1).status = 'requires_capture')],
  [
    'captured in vain',
    'ord_3',
    ({ stripe }) => stripe.subscriptions.push({ id: 'sub_3', orderId: 'ord_3', isLive: true }),
  ],
  ['not captured', 'ord_0', ({ stripe }) => void stripe.charges.shift()],
  ['not captured', 'ord_1', ({ stripe }) => (first(stripe.subscriptions).isLive = false)],
  ['ledger', 'ord_0', ({ orders }) => (first(orders).captured = 2_400)],
  ['ledger', 'ord_3', ({ stripe }) => (first(stripe.charges, 3).refunded = 0)],
  ['ledger', '', ({ stripe }) => stripe.charges.push({ id: 'ch_9', orderId: '', captured: 1, refunded: 0 })],
  ['orphan', 'ord_3', ({ cluster }) => cluster.namespaces.push({ name: 'cnap-3', installId: 'ins_3' })],
  [
    'orphan',
    'ord_2',
    ({ cluster }) =>
      cluster.clusterWide.push({ kind: 'ClusterRole', name: 'cnap-2', installId: 'ins_2', namespace: '' }),
  ],
  [
    'orphan',
    '',
    ({ cluster }) =>
      cluster.clusterWide.push({ kind: 'PersistentVolume', name: 'p', installId: '', namespace: 'cnap-3' }),
  ],
  ['unsettled', 'ord_2', ({ installs }) => (first(installs, 2).state = 'DELETING')],
  ['update lost', 'ord_0', ({ cluster }) => (first(cluster.notes).note = 'none')],
  ['not retryable', '', ({ refusals }) => (first(refusals).code = 'Internal')],
  ['not retryable', '', ({ refusals }) => (first(refusals, 2).code = 'FailedPrecondition')],
  [
    'dead letter',
    'ord_0',
    ({ platform }) =>
      platform.deadLetters.push({ service: 'billing', subject: 's', resourceId: 'ord_0', error: 'e' }),
  ],
  [
    'failing task',
    'ord_0',
    ({ platform }) =>
      platform.failingTasks.push({ service: 'billing', kind: 'order', key: 'ord_0', error: 'e' }),
  ],
  ['unsent facts', '', ({ platform }) => (first(platform.unsentFacts).count = 1)],
];

test.each(broken)('%s of "%s" is seen', (rule, orderId, breakIt) => {
  const found = aGoodEnd();
  breakIt(found);
  const seen = violationsIn(found).map((each) => `${each.rule} ${each.orderId}`);
  expect(seen).toContain(`${rule} ${orderId}`);
});
