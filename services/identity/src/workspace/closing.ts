import { DomainError } from '@cnap/errors';
import { done, wake, type Reconcile } from '@cnap/reconcile';
import type { Database, Tx } from '../database.ts';
import { completeClosing, forgetClosing, giveUpClosing, insertClosing } from './closing-store.ts';
import type { Holders } from './port.ts';

// A workspace is deleted only while nothing can be made in it: clusters and the installer close it in the
// transaction that finds it empty of their things. Waiting until the caller tokens of before have run out would not
// do, as orders make installs without one. A deletion happens or changes nothing: each attempt is a row here, and it
// ends one way, by one statement: with the deletion, or given up. Nobody is told to reopen before that is committed,
// and who comes late with another end of it (a process that was frozen) finds it ended. After a crash the attempt is
// given up, and the caller asks again.

/** Longer than the calls of an attempt take. */
export const usualPatienceMs = 60_000;

export type ClosingDeps = { db: Database; holders: Holders; patienceMs: number };

const inUse = (words: string[]) =>
  new DomainError(
    'failed-precondition',
    'WORKSPACE_IN_USE',
    `The workspace still has ${words.join(' and ')}.`,
    {
      suggestion: 'Delete them first.',
    },
  );

const givenUp = () =>
  new DomainError('aborted', 'WORKSPACE_CLOSED', 'It took too long to ask whether the workspace is empty.', {
    suggestion: 'Try again.',
  });

/**
 * Closes a workspace everywhere, and does `remove` in the transaction that ends the closing.
 * @throws DomainError failed-precondition WORKSPACE_IN_USE naming what is in it; aborted WORKSPACE_CLOSED
 */
export async function whileClosed(
  deps: ClosingDeps,
  workspaceId: string,
  remove: (tx: Tx) => Promise<void>,
): Promise<void> {
  const { db, holders, patienceMs } = deps;
  const closing = await db.inWorkspace(workspaceId, async (tx) => {
    const made = await insertClosing(tx, workspaceId);
    await wake(tx, 'workspace-closing', made.id, { afterMs: patienceMs });
    return made;
  });
  try {
    const words = await holders.close(closing);
    if (words.length > 0) throw inUse(words);
    await db.inWorkspace(workspaceId, async (tx) => {
      if (!(await completeClosing(tx, closing.id))) throw givenUp();
      await remove(tx);
    });
  } catch (error) {
    await giveUp(deps, closing.id);
    throw error;
  }
}

async function giveUp({ db, holders }: ClosingDeps, id: string): Promise<void> {
  const closing = await db.acrossWorkspaces(async (tx) => {
    await wake(tx, 'workspace-closing', id);
    return giveUpClosing(tx, id);
  });
  if (!closing) return;
  try {
    // So that the workspace can be used when the caller hears of it.
    await holders.reopen(closing);
  } catch {
    // The reconciler does it, as soon as they can be reached.
  }
}

/** Reconciles `workspace-closing`: what has not ended by now never will; the workspace opens again. */
export const reconcileClosing =
  ({ db, holders }: ClosingDeps): Reconcile =>
  async ({ key, write }) => {
    const closing = await write((tx: Tx) => giveUpClosing(tx, key));
    if (!closing) return done;
    await holders.reopen(closing);
    await db.acrossWorkspaces((tx) => forgetClosing(tx, key));
    return done;
  };
