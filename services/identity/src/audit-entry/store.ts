import { beyond, type PageQuery } from '@cnap/pages';
import { sql, type Expression, type SqlBool } from 'kysely';
import type { AuditEntryRow, Tx } from '../database.ts';

/** An entry that is there already (its fact was delivered before) stays as it is. */
export async function insertEntry(tx: Tx, row: Omit<AuditEntryRow, 'created_at' | 'service'>): Promise<void> {
  await tx
    .insertInto('audit_entries')
    .values(row)
    .onConflict((conflict) => conflict.columns(['workspace_id', 'event_id']).doNothing())
    .execute();
}

/** What actor and credential are called at this moment: both may be renamed, or gone, when somebody reads the entry. */
export async function nameActor(
  tx: Tx,
  userId: string,
  credentialId: string,
): Promise<{ email: string; name: string; credential: string }> {
  const row = await tx
    .selectFrom('users')
    .leftJoin('access_tokens', (join) => join.on('access_tokens.id', '=', credentialId))
    .select(['users.email', 'users.name', 'access_tokens.name as credential'])
    .where('users.id', '=', userId)
    .executeTakeFirst();
  return { email: row?.email ?? '', name: row?.name ?? '', credential: row?.credential ?? '' };
}

/** What to list; what is empty or undefined holds for all. */
export type EntryFilter = {
  resourceId: string;
  actorId: string;
  /** A whole action, or the first of its names. */
  action: string;
  from: Date | undefined;
  /** Exclusive. */
  until: Date | undefined;
};

/** The log of a workspace, newest first by when things were done. */
export const listEntries = (
  tx: Tx,
  workspaceId: string,
  { resourceId, actorId, action, from, until }: EntryFilter,
  { limit, after }: PageQuery,
): Promise<AuditEntryRow[]> =>
  tx
    .selectFrom('audit_entries')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .$if(resourceId !== '', (query) => query.where('resource_id', '=', resourceId))
    .$if(actorId !== '', (query) => query.where('actor_id', '=', actorId))
    .$if(action !== '', (query) => query.where(isAction(action)))
    .$if(from !== undefined, (query) => query.where('occurred_at', '>=', from ?? new Date(0)))
    .$if(until !== undefined, (query) => query.where('occurred_at', '<', until ?? new Date(0)))
    .where(beyond(after, 'newest first', { time: 'occurred_at', id: 'id' }))
    .orderBy('occurred_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();

/**
 * Whether an entry is of an action (`<service>.v1.<resource>.<fact>`), or begins with what was given of one. Columns
 * of its names have an index each; by its first letters alone the whole log would be looked through.
 */
function isAction(wanted: string): Expression<SqlBool> {
  const [service = '', , resource, fact] = wanted.split('.');
  if (fact !== undefined) return sql<SqlBool>`action = ${wanted}`;
  const ofResource = resource === undefined ? sql`` : sql`and resource_type = ${resource}`;
  return sql<SqlBool>`service = ${service} ${ofResource} and starts_with(action, ${`${wanted}.`})`;
}
