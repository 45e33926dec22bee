import { DomainError } from '@cnap/errors';
import { publish } from '@cnap/events';
import { wake } from '@cnap/reconcile';
import type { Updateable } from 'kysely';
import type { InstallRow, InstallStateName, Tables, Tx } from '../database.ts';
import { installFact } from './event.ts';
import { changeInstall } from './store.ts';
import type { Found } from './steps.ts';

type Change = Updateable<Tables['installs']>;

/** It sleeps while anybody wants it to: its operator, or an order that is not paid. */
const shouldSleep = (row: InstallRow): boolean => row.asleep_for_operator || row.asleep_for_order;

const awake = new Set<InstallStateName>(['running', 'degraded', 'reviving']);
const asleep = new Set<InstallStateName>(['hibernating', 'hibernated']);

/**
 * The turn to sleep, or to wake, when it is due: before any update, which waits until the install is awake again, and
 * after one that is under way.
 */
export function turnOf(row: InstallRow): Found | undefined {
  if (row.wanted === 'absent' || row.cluster_id === null) return undefined;
  if (shouldSleep(row) && awake.has(row.state)) {
    const [reason, message] = row.asleep_for_order
      ? ['Unpaid', 'Its order is not paid.']
      : ['Hibernation', 'Its operator has hibernated it.'];
    return { do: 'go', step: 'hibernate', change: { state: 'hibernating', reason, message } };
  }
  if (!shouldSleep(row) && asleep.has(row.state)) {
    return { do: 'go', step: 'revive', change: { state: 'reviving', reason: '', message: '' } };
  }
  return undefined;
}

/** What can be hibernated: what runs, or ran, and is not being removed. */
const hasRun = new Set<InstallStateName>([...awake, ...asleep, 'updating']);

const wrongState = (row: InstallRow, message: string, suggestion: string): DomainError =>
  new DomainError('failed-precondition', 'INSTALL_STATE', message, {
    metadata: { state: row.state },
    suggestion,
  });

/** As its operator wants it. Repeatable. */
export async function hibernateForOperator(tx: Tx, row: InstallRow): Promise<InstallRow> {
  if (!hasRun.has(row.state)) {
    throw wrongState(row, 'The install has not run yet.', 'Try again when it runs, or delete it.');
  }
  if (row.asleep_for_operator) return row;
  return changeFor(tx, row, { asleep_for_operator: true }, 'hibernate_requested');
}

/** @throws DomainError ORDER_UNPAID: what is not paid wakes when it is paid */
export async function reviveForOperator(tx: Tx, row: InstallRow): Promise<InstallRow> {
  if (row.asleep_for_order) {
    throw new DomainError('failed-precondition', 'ORDER_UNPAID', 'The order of the install is not paid.', {
      metadata: { order_id: row.order_id ?? '' },
      suggestion: 'It is revived by itself as soon as the open invoice is paid.',
    });
  }
  if (!row.asleep_for_operator) return row;
  return changeFor(tx, row, { asleep_for_operator: false }, 'revive_requested');
}

/** As its order says; what an older version of the order said is passed over. */
export async function sleepForOrder(
  tx: Tx,
  row: InstallRow,
  asleepForOrder: boolean,
  orderVersion: bigint,
): Promise<InstallRow> {
  if (orderVersion < BigInt(row.order_version) || row.wanted === 'absent') return row;
  const order_version = String(orderVersion);
  // Nothing new, but from now on what an older version says is.
  if (row.asleep_for_order === asleepForOrder) return noteOrderVersion(tx, row, order_version);
  const changed = await changeInstall(tx, row.id, { asleep_for_order: asleepForOrder, order_version });
  await wake(tx, 'install', row.id);
  return changed;
}

const noteOrderVersion = (tx: Tx, row: InstallRow, order_version: string): Promise<InstallRow> =>
  tx
    .updateTable('installs')
    .set({ order_version })
    .where('id', '=', row.id)
    .returningAll()
    .executeTakeFirstOrThrow();

async function changeFor(
  tx: Tx,
  row: InstallRow,
  change: Change,
  fact: 'hibernate_requested' | 'revive_requested',
): Promise<InstallRow> {
  const changed = await changeInstall(tx, row.id, change);
  await publish(tx, installFact(fact, changed));
  await wake(tx, 'install', row.id);
  return changed;
}
