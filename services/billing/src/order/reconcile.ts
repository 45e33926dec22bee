import { DomainError } from '@cnap/errors';
import type { Database } from '@cnap/postgres';
import { done, type Outcome, type Reconcile, type ReconcileContext, requeueAfter } from '@cnap/reconcile';
import type { Keyring } from '@cnap/secrets';
import { withActor, withTrace } from '@cnap/telemetry';
import type { BillingTables, OrderRow } from '../database.ts';
import { act, enter } from './act.ts';
import { inputsOf } from './inputs.ts';
import { differs, installOf, moneyColumns, observeMoney, wantedOf, type InstallLook } from './observe.ts';
import { nextStep } from './plan.ts';
import type { OrderState } from './step.ts';
import type { Installs, Money } from './port.ts';
import { changeOrder, findOrder, OrderChanged } from './store.ts';

export type OrderDeps = {
  db: Database<BillingTables>;
  money: Money;
  installs: Installs;
  keyring: Keyring;
  fulfilmentDeadlineMs: number;
  now: () => Date;
};

/** Reconciles `order`: reads Stripe and the installer, and takes one step. */
export const orderReconciler =
  (deps: OrderDeps): Reconcile =>
  async (context) => {
    const order = await deps.db.acrossWorkspaces((tx) => findOrder(tx, context.key));
    if (!order) return done;
    // The whole sale is one trace, whoever woke it.
    return withTrace(order.traceparent ?? undefined, () =>
      withActor({ kind: 'service', id: 'billing' }, () => bringCloser(deps, context, order)),
    );
  };

async function bringCloser(deps: OrderDeps, context: ReconcileContext, read: OrderRow): Promise<Outcome> {
  try {
    const money = await observeMoney(deps.money, read);
    const { install, unreachable } = await lookAtInstall(deps, read);
    const step = nextStep(wantedOf(read), { money, ...(install ? { install } : {}) }, deps.now());
    const columns = moneyColumns(read, money);
    // A state is entered together with what was found; any other step finds it written.
    if (step.do === 'enter') return await enter(deps, context, read, step, columns, money);
    const order = differs(read, columns) ? await context.write((tx) => changeOrder(tx, read, columns)) : read;
    // Visible as a failure, and tried again with its pauses; past the deadline there is another step.
    if (step.do === 'wait' && unreachable) throw unreachable;
    return await act(deps, context, order, step);
  } catch (error) {
    if (error instanceof OrderChanged) return requeueAfter(0, 'the order was changed meanwhile');
    throw error;
  }
}

const withInstall = new Set<OrderState>(['deploying', 'fulfilled', 'suspended']);

async function lookAtInstall({ installs, keyring }: OrderDeps, order: OrderRow): Promise<InstallLook> {
  if (!withInstall.has(order.state)) return {};
  try {
    return { install: await installs.ensure(installOf(order, inputsOf(keyring, order))) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // What is delivered is looked at for the money's sake first: that does not wait for the installer.
    return order.state === 'deploying' ? { unreachable: error } : {};
  }
}
