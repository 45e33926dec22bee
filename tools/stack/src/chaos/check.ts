import type { Found } from './found.ts';

/** Something that must never be. */
export type Violation = { rule: string; orderId: string; text: string };

type Check = (found: Found) => Violation[];

const overStates = new Set(['ENDED', 'EXPIRED', 'REFUNDED']);
const restingStates = new Set(['FULFILLED', ...overStates]);

/** Everything that is wrong with what was found; nothing, when all is well. */
export function violationsIn(found: Found): Violation[] {
  return checks.flatMap((check) => check(found));
}

/** What no waiting can make good. */
export const isFinal = ({ rule }: Violation): boolean => rule === notRetryable;

const notRetryable = 'not retryable';

const violation = (rule: string, orderId: string, text: string): Violation => ({ rule, orderId, text });

const isLive = ({ state }: Found['installs'][number]) => state !== 'DELETED';

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** Each purchase was made, and is where its story leads. */
const nothingLost: Check = ({ purchases, orders }) =>
  purchases.flatMap(({ index, orderId, isPaid, isDone, wanted }) => {
    const who = `purchase ${index}`;
    if (orderId === '') return [violation('lost', '', `${who} never got an order`)];
    const order = orders.find(({ id }) => id === orderId);
    if (!order) return [violation('lost', orderId, `${who}: there is no such order`)];
    if (!isPaid) return [violation('unfinished', orderId, `${who} could not be paid`)];
    const is = `${who} is ${order.state} (${order.reason} ${order.message})`;
    if (!restingStates.has(order.state)) return [violation('unsettled', orderId, is)];
    const states = {
      fulfilled: ['FULFILLED'],
      refunded: ['REFUNDED'],
      ended: ['ENDED'],
      undone: [...overStates],
    };
    if (!states[wanted].includes(order.state))
      return [violation('wrong end', orderId, `${is}, to be ${states[wanted].join(' or ')}`)];
    if (order.state === 'REFUNDED' && order.reason === '')
      return [violation('no reason', orderId, `${who} is REFUNDED and nothing says why`)];
    return isDone ? [] : [violation('unfinished', orderId, `${is}, and its story has no end`)];
  });

/** Nobody has an order that nobody made. */
const nothingInvented: Check = ({ purchases, orders }) => {
  const known = new Set(purchases.map(({ orderId }) => orderId));
  return orders
    .filter(({ id }) => !known.has(id))
    .map(({ id, state }) => violation('doubled', id, `an order (${state}) that no purchase made`));
};

const nothingDoubled: Check = ({ installs, stripe, cluster }) => {
  const twice = <T>(
    items: readonly T[],
    keyOf: (item: T) => string,
    what: string,
    of = (key: string) => key,
  ) =>
    [...countBy(items, keyOf)]
      .filter(([key, group]) => key !== '' && group.length > 1)
      .map(([key, group]) => violation('doubled', of(key), `${group.length} ${what} (${key})`));
  const orderOf = (installId: string) => installs.find(({ id }) => id === installId)?.orderId ?? '';
  return [
    ...twice(installs, ({ orderId }) => orderId, 'installs of one order'),
    ...twice(
      stripe.sessions.filter(({ isComplete }) => isComplete),
      ({ orderId }) => orderId,
      'paid sessions',
    ),
    ...twice(stripe.subscriptions, ({ orderId }) => orderId, 'subscriptions of one order'),
    ...twice(
      stripe.charges.filter(({ captured }) => captured > 0),
      ({ orderId }) => orderId,
      'captures of one order',
    ),
    ...twice(cluster.namespaces, ({ installId }) => installId, 'namespaces of one install', orderOf),
  ];
};

/** Who has paid and keeps paying has software that runs; who has not, has not paid. */
const nothingCapturedInVain: Check = ({ orders, installs, stripe, cluster }) =>
  orders.flatMap((order) => {
    const { id, state } = order;
    const kept = stripe.charges
      .filter(({ orderId }) => orderId === id)
      .reduce((sum, { captured, refunded }) => sum + captured - refunded, 0);
    const subscription = stripe.subscriptions.find(({ orderId }) => orderId === id);
    const intentIds = stripe.sessions.filter(({ orderId }) => orderId === id).map(({ intentId }) => intentId);
    const intent = stripe.intents.find((each) => intentIds.includes(each.id));
    if (state !== 'FULFILLED') {
      if (overStates.has(state) && subscription?.isLive)
        return [violation('captured in vain', id, `${state}, and its subscription goes on`)];
      if (overStates.has(state) && intent?.status === 'requires_capture')
        return [violation('captured in vain', id, `${state}, and its money is still held`)];
      return kept > 0 && state !== 'ENDED'
        ? [violation('captured in vain', id, `${state}, and ${kept} were kept`)]
        : [];
    }
    const install = installs.find((each) => each.id === order.installId);
    if (install?.state !== 'RUNNING')
      return [
        violation('captured in vain', id, `FULFILLED, and its install is ${install?.state ?? 'not there'}`),
      ];
    const workloads = cluster.workloads.filter(({ namespace }) => namespace === install.namespace);
    if (workloads.length === 0 || workloads.some(({ isReady }) => !isReady))
      return [violation('captured in vain', id, `FULFILLED, and nothing is ready in ${install.namespace}`)];
    if (order.mode === 'one-time' && kept === 0)
      return [violation('not captured', id, `FULFILLED, and nothing was captured (${intent?.status})`)];
    return order.mode === 'subscription' && !subscription?.isLive
      ? [violation('not captured', id, 'FULFILLED, and there is no live subscription')]
      : [];
  });

/** What Stripe took and gave back is what the orders say, one by one. */
const ledgerBalances: Check = ({ orders, stripe }) => {
  const charges = countBy(stripe.charges, ({ orderId }) => orderId);
  const strays = (charges.get('') ?? []).map(({ id, captured }) =>
    violation('ledger', '', `charge ${id} (${captured}) belongs to no order`),
  );
  const differences = orders.flatMap(({ id, captured, refunded }) => {
    const sum = (read: (charge: Found['stripe']['charges'][number]) => number) =>
      (charges.get(id) ?? []).reduce((total, charge) => total + read(charge), 0);
    const [took, gave] = [sum((charge) => charge.captured), sum((charge) => charge.refunded)];
    return took === captured && gave === refunded
      ? []
      : [
          violation(
            'ledger',
            id,
            `Stripe took ${took} and gave back ${gave}, the order says ${captured} and ${refunded}`,
          ),
        ];
  });
  return [...strays, ...differences];
};

/** The cluster holds what live installs have, and nothing else. */
const noOrphans: Check = ({ installs, cluster }) => {
  const live = installs.filter(isLive);
  const namespaces = new Set(live.map(({ namespace }) => namespace));
  const ids = new Set(live.map(({ id }) => id));
  const orderOf = (installId: string) => installs.find(({ id }) => id === installId)?.orderId ?? '';
  return [
    ...cluster.namespaces
      .filter(({ name }) => !namespaces.has(name))
      .map(({ name, installId }) => violation('orphan', orderOf(installId), `Namespace ${name}`)),
    ...cluster.clusterWide
      .filter(({ installId, namespace }) => !ids.has(installId) && !namespaces.has(namespace))
      .map(({ kind, name, installId }) => violation('orphan', orderOf(installId), `${kind} ${name}`)),
    ...live
      .filter(({ state }) => state !== 'RUNNING')
      .map(({ id, orderId, state, message }) =>
        violation('unsettled', orderId, `install ${id} is ${state}: ${message}`),
      ),
  ];
};

/** An update that was accepted is there. */
const nothingForgotten: Check = ({ purchases, orders, installs, cluster }) =>
  purchases.flatMap(({ orderId, note }) => {
    const order = orders.find(({ id }) => id === orderId);
    if (note === undefined || order?.state !== 'FULFILLED') return [];
    const namespace = installs.find(({ id }) => id === order.installId)?.namespace;
    const seen = cluster.notes.find((each) => each.namespace === namespace)?.note;
    return seen === note
      ? []
      : [violation('update lost', orderId, `it says "${seen}" in place of "${note}"`)];
  });

const mayBeRepeated = new Set(['', 'Unavailable', 'DeadlineExceeded', 'Aborted', 'ResourceExhausted']);

/** Whoever is refused while something restarts is told that asking again helps. */
const onlyRetryable: Check = ({ refusals }) =>
  refusals
    .filter((refusal) => !mayBeRepeated.has(refusal.code))
    .map(({ atMs, what, code, why, text }) =>
      violation(
        notRetryable,
        '',
        `${what} after ${(atMs / 1_000).toFixed(1)} s: ${code} ${why.join(' ')}: ${text}`,
      ),
    );

const platformAtRest: Check = ({ platform }) => [
  ...platform.deadLetters.map(({ service, subject, resourceId, error }) =>
    violation('dead letter', resourceId, `${service}: ${subject}: ${error}`),
  ),
  ...platform.failingTasks.map(({ service, kind, key, error }) =>
    violation('failing task', key, `${service}: ${kind}: ${error}`),
  ),
  ...platform.unsentFacts
    .filter(({ count }) => count > 0)
    .map(({ service, count }) => violation('unsent facts', '', `${service} has ${count}`)),
];

const checks: readonly Check[] = [
  nothingLost,
  nothingInvented,
  nothingDoubled,
  nothingCapturedInVain,
  ledgerBalances,
  noOrphans,
  nothingForgotten,
  onlyRetryable,
  platformAtRest,
];
