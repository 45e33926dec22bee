import { DomainError } from '@cnap/errors';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { enableTenantIsolation } from './tenant-isolation.ts';
import type { Tx } from './transaction.ts';

// Why it is like this: a workspace may be deleted only when no service has anything of it, and identity, which
// deletes it, shares no transaction with those services. Asking and deleting afterwards leaves a gap for a create.
// So the question closes the workspace in the transaction that finds it empty, under a lock that creates take too:
// a create either commits before and is counted, or comes after and is refused, however old its caller token is.

/** One attempt to delete a workspace. Its id sets it apart from others of the same workspace. */
export type Closing = { workspaceId: string; closingId: string };

const lockSpace = 2; // other advisory locks on ids use other numbers

/**
 * For creates, before the row is written: nobody closes these workspaces until the transaction ends.
 * @throws DomainError unavailable WORKSPACE_CLOSED while it is not decided whether one of them is deleted, and
 *   failed-precondition once it is
 */
export async function keepWorkspacesOpen(
  // oxlint-disable-next-line no-explicit-any -- any service's tables
  tx: Tx<any>,
  workspaceIds: readonly string[],
): Promise<void> {
  const ids = [...new Set(workspaceIds)];
  await sql`
    select pg_advisory_xact_lock_shared(hashtextextended(id, ${lockSpace}))
    from (select unnest(${ids}::text[]) as id order by 1) as workspaces`.execute(tx);
  // A statement of its own: it must see what was committed while the lock was waited for.
  const { rows } = await sql<{ state: string }>`
    select state from workspace_closing
    where workspace_id = any(${ids}::text[]) and state <> 'given up'`.execute(tx);
  if (rows.length === 0) return;
  if (rows.some(({ state }) => state === 'deleted')) {
    throw new DomainError('failed-precondition', 'WORKSPACE_CLOSED', 'The workspace was deleted.');
  }
  throw new DomainError('unavailable', 'WORKSPACE_CLOSED', 'The workspace is being deleted.', {
    suggestion: 'Try again, should it still be there.',
  });
}

/**
 * Closes a workspace unless something is in it: nothing is made in it until the closing is given up. May be repeated.
 * @param idsOf what of it is there
 * @returns what keeps it from being closed
 * @throws DomainError unavailable WORKSPACE_CLOSED when the closing was given up before
 */
export async function closeWorkspace(
  // oxlint-disable-next-line no-explicit-any -- any service's tables
  tx: Tx<any>,
  { workspaceId, closingId }: Closing,
  idsOf: () => Promise<string[]>,
): Promise<string[]> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${workspaceId}, ${lockSpace}))`.execute(tx);
  const ids = await idsOf();
  if (ids.length > 0) return ids;
  const { rows } = await sql<{ state: string }>`
    insert into workspace_closing as known (closing_id, workspace_id, state)
    values (${closingId}, ${workspaceId}, 'closed')
    on conflict (closing_id) do update set state = known.state
    returning state`.execute(tx);
  if (rows[0]?.state !== 'given up') return [];
  throw new DomainError('unavailable', 'WORKSPACE_CLOSED', 'The deletion was given up.');
}

/** Gives a closing up, also one that comes after this: a late call must not close the workspace for ever. */
export async function reopenWorkspace(
  // oxlint-disable-next-line no-explicit-any -- any service's tables
  tx: Tx<any>,
  { workspaceId, closingId }: Closing,
): Promise<void> {
  await sql`
    insert into workspace_closing (closing_id, workspace_id, state)
    values (${closingId}, ${workspaceId}, 'given up')
    on conflict (closing_id) do update set state = excluded.state`.execute(tx);
}

/** The workspace is gone: what is still to be made in it never can be. */
export async function workspaceDeleted(
  // oxlint-disable-next-line no-explicit-any -- any service's tables
  tx: Tx<any>,
  workspaceId: string,
): Promise<void> {
  await sql`
    update workspace_closing set state = 'deleted'
    where workspace_id = ${workspaceId} and state = 'closed'`.execute(tx);
}

/** The table of closings, for services whose resources keep a workspace from being deleted. */
export const closingMigrations: Record<string, Migration> = {
  '0000_postgres_02_workspace_closing': {
    async up(db) {
      await sql`
        create table workspace_closing (
          closing_id text primary key,
          workspace_id text not null,
          state text not null check (state in ('closed', 'given up', 'deleted')),
          create_time timestamptz not null default now())`.execute(db);
      await sql`create index workspace_closing_workspace on workspace_closing (workspace_id)`.execute(db);
      await enableTenantIsolation(db, 'workspace_closing');
    },
  },
};
