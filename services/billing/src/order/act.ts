import { DomainError, messageOf } from '@cnap/errors';
import { done, type Outcome, type ReconcileContext, requeueAfter } from '@cnap/reconcile';
import type { OrderRow } from '../database.ts';
import { announce, enterState } from './enter.ts';
import { inputsOf } from './inputs.ts';
import { installOf, type moneyColumns, moneyRefOf } from './observe.ts';
import { lookAgainMs, type Step } from './step.ts';
import type { MoneySeen } from './port.ts';
import type { OrderDeps } from './reconcile.ts';
import { changeOrder } from './store.ts';

/** A hold lasts 7 days (https://docs.stripe.com/payments/place-a-hold-on-a-payment-method); it is never let run out. */
const longestHoldMs = 6 * 24 * 60 * 60_000;

const again = requeueAfter(0);
/** After what Stripe may pass over without a word: never in a tight loop. */
const soon = requeueAfter(1_000);

type EnterStep = Extract<Step, { do: 'enter' }>;

/** Takes one step. Whatever it did shows at the next look, which comes at once. */
export async function act(
  deps: OrderDeps,
  context: ReconcileContext,
  order: OrderRow,
  step: Exclude<Step, EnterStep>,
): Promise<Outcome> {
  const { money, installs } = deps;
  const ref = moneyRefOf(order, context.attempt);
  switch (step.do) {
    case 'rest':
      return done;
    case 'wait':
      return requeueAfter(step.afterMs, `looks again; ${order.state}`);
    case 'announce':
      await context.write((tx) => announce(tx, order, step.what));
      return again;
    case 'ensure-install':
      return ensureInstall(deps, context, order);
    case 'end-install': {
      const { gone } = await installs.end(order.id, order.message || order.reason);
      const end = gone ? 'gone' : 'going';
      if (order.install_end !== end)
        await context.write((tx) => changeOrder(tx, order, { install_end: end }));
      const waits = !gone && order.install_end === 'going';
      return waits ? requeueAfter(lookAgainMs, 'the install is being removed') : again;
    }
    case 'hibernate-install':
      await installs.hibernate(order.id, BigInt(order.version));
      await context.write((tx) => changeOrder(tx, order, { install_sleep: 'asleep' }));
      return again;
    case 'revive-install':
      await installs.revive(order.id, BigInt(order.version));
      await context.write((tx) => changeOrder(tx, order, { install_sleep: 'awake' }));
      return again;
    case 'note-detached':
      await context.write((tx) => changeOrder(tx, order, { detached_time: deps.now() }));
      return again;
    case 'capture':
      if (ref) return capture(context, order, () => money.capture(ref));
      return again;
    case 'expire-session':
      if (ref) await money.expireSession(ref);
      return soon;
    case 'release':
      if (ref) await money.release(ref);
      return again;
    case 'refund':
      if (ref) await money.refund(ref, step.charge, step.amount);
      return again;
    case 'cancel-subscription':
      if (ref) await money.cancelSubscription(ref);
      return soon;
    case 'cancel-subscription-at-period-end':
      if (ref) await money.cancelSubscriptionAtPeriodEnd(ref);
      return soon;
  }
}

/** Enters a state, with what was found (`columns`) and what is decided at that moment. */
export async function enter(
  deps: OrderDeps,
  context: ReconcileContext,
  order: OrderRow,
  step: EnterStep,
  columns: ReturnType<typeof moneyColumns>,
  seen: MoneySeen,
): Promise<Outcome> {
  const decided = decidedAt(deps, order, step, seen);
  await context.write((tx) => enterState(tx, order, withCause(order, step), { ...columns, ...decided }));
  return again;
}

/** What is undone says why to its end. */
const withCause = (order: OrderRow, step: EnterStep): EnterStep =>
  step.state === 'refunded' ? { ...step, reason: order.reason, message: order.message } : step;

/** What else is decided at the moment a state is entered. */
function decidedAt(
  deps: OrderDeps,
  order: OrderRow,
  step: { state: string },
  { payment }: MoneySeen,
): Parameters<typeof enterState>[3] {
  // Whatever becomes of a call that is under way: the installer is told anew.
  if (step.state === 'suspended' || order.state === 'suspended') return { install_sleep: 'unknown' };
  if (step.state !== 'authorized') return step.state === 'expired' ? { checkout_url: '' } : {};
  const now = deps.now().getTime();
  const byPromise = now + deps.fulfilmentDeadlineMs;
  const heldSince = payment?.heldSince?.getTime();
  const byHold = heldSince === undefined ? byPromise : heldSince + longestHoldMs;
  return {
    // Decided once: whatever event comes later, the install is the same.
    install_key: `idk_${order.stripe_event_id ?? order.id}`,
    deadline_time: new Date(Math.min(byPromise, byHold)),
    checkout_url: '',
  };
}

async function ensureInstall(deps: OrderDeps, context: ReconcileContext, order: OrderRow): Promise<Outcome> {
  try {
    const install = await deps.installs.ensure(installOf(order, inputsOf(deps.keyring, order)));
    const entered = { state: 'deploying', reason: '', message: '' } as const;
    await context.write((tx) => enterState(tx, order, entered, { install_id: install.id }));
    return again;
  } catch (error) {
    return undoIfPermanent(context, order, error, 'INSTALL_REFUSED', 'The software cannot be installed');
  }
}

async function capture(
  context: ReconcileContext,
  order: OrderRow,
  work: () => Promise<void>,
): Promise<Outcome> {
  try {
    await work();
    return again;
  } catch (error) {
    return undoIfPermanent(context, order, error, 'CAPTURE_REFUSED', 'The money could not be collected');
  }
}

const permanentKinds = new Set(['not-found', 'failed-precondition', 'invalid-argument']);

/** What will be refused again and again is undone at once; anything else is tried again. */
async function undoIfPermanent(
  context: ReconcileContext,
  order: OrderRow,
  error: unknown,
  reason: string,
  what: string,
): Promise<Outcome> {
  if (!(error instanceof DomainError) || !permanentKinds.has(error.kind)) throw error;
  const message = `${what}: ${messageOf(error)}`.slice(0, 1_000);
  await context.write((tx) => enterState(tx, order, { state: 'compensating', reason, message }));
  return again;
}
