import type { AuditEntryRow, Tx } from '../database.ts';

/** An entry that is there already (its fact was delivered before) stays as it is. */
export async function insertEntry(tx: Tx, row: Omit<AuditEntryRow, 'created_at'>): Promise<void> {
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
