import { notFound } from '@cnap/errors';
import type { PageQuery } from '@cnap/pages';
import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type { CatalogDatabase, RegistryCredentialRow } from '../database.ts';
import { isAfter } from '../page.ts';

type Db = Tx<CatalogDatabase>;

export type NewRegistryCredential = {
  id: string;
  workspaceId: string;
  name: string;
  registryUrl: string;
  registryHost: string;
  type: RegistryCredentialRow['type'];
  username: string;
  /** Sealed. */
  secret: Uint8Array;
  tokenUrl: string;
  tokenUsername: string;
};

export function insertRegistryCredential(
  tx: Db,
  made: NewRegistryCredential,
): Promise<RegistryCredentialRow> {
  return tx
    .insertInto('registry_credential')
    .values({
      id: made.id,
      workspace_id: made.workspaceId,
      name: made.name,
      registry_url: made.registryUrl,
      registry_host: made.registryHost,
      type: made.type,
      username: made.username,
      secret: Buffer.from(made.secret),
      token_url: made.tokenUrl,
      token_username: made.tokenUsername,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** @throws DomainError not-found REGISTRY_CREDENTIAL_NOT_FOUND */
export async function getRegistryCredential(
  tx: Db,
  workspaceId: string,
  id: string,
): Promise<RegistryCredentialRow> {
  const row = await tx
    .selectFrom('registry_credential')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw notFound('registry credential', id);
  return row;
}

export function listRegistryCredentials(
  tx: Db,
  workspaceId: string,
  page: PageQuery,
): Promise<RegistryCredentialRow[]> {
  return tx
    .selectFrom('registry_credential')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where(isAfter(page))
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
}

/** @throws DomainError not-found REGISTRY_CREDENTIAL_NOT_FOUND */
export async function deleteRegistryCredential(
  tx: Db,
  workspaceId: string,
  id: string,
): Promise<RegistryCredentialRow> {
  const row = await tx
    .deleteFrom('registry_credential')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw notFound('registry credential', id);
  return row;
}

/** The newest active credential of each registry, marked as used. */
export async function useCredentialsFor(
  tx: Db,
  workspaceId: string,
  hosts: string[],
): Promise<RegistryCredentialRow[]> {
  if (hosts.length === 0) return [];
  const rows = await tx
    .selectFrom('registry_credential')
    .selectAll()
    .distinctOn('registry_host')
    .where('workspace_id', '=', workspaceId)
    .where('registry_host', 'in', hosts)
    .where('is_active', '=', true)
    .orderBy('registry_host')
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .execute();
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) {
    await tx
      .updateTable('registry_credential')
      .set({ last_use_time: sql`now()` })
      .where('id', 'in', ids)
      .execute();
  }
  return rows;
}
