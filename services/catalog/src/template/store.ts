import { notFound } from '@cnap/errors';
import type { PageQuery } from '@cnap/pages';
import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type {
  CatalogDatabase,
  PodSecurity,
  RegistryProxyMode,
  StoredSource,
  TemplateRow,
} from '../database.ts';
import { isAfter } from '../page.ts';

type Db = Tx<CatalogDatabase>;

export type NewTemplate = {
  id: string;
  workspaceId: string;
  name: string;
  sources: StoredSource[];
  podSecurity: PodSecurity;
  registryProxyMode: RegistryProxyMode;
};

export function insertTemplate(tx: Db, template: NewTemplate): Promise<TemplateRow> {
  return tx
    .insertInto('template')
    .values({
      id: template.id,
      workspace_id: template.workspaceId,
      name: template.name,
      sources: JSON.stringify(template.sources),
      pod_security: template.podSecurity,
      registry_proxy_mode: template.registryProxyMode,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** @throws DomainError not-found TEMPLATE_NOT_FOUND */
export async function getTemplate(tx: Db, workspaceId: string, id: string): Promise<TemplateRow> {
  const row = await selectTemplate(tx, workspaceId, id).executeTakeFirst();
  if (row === undefined) throw notFound('template', id);
  return row;
}

/**
 * As {@link getTemplate}, and nobody else can change or use it until the transaction ends.
 * @throws DomainError not-found TEMPLATE_NOT_FOUND
 */
export async function lockTemplate(tx: Db, workspaceId: string, id: string): Promise<TemplateRow> {
  const row = await selectTemplate(tx, workspaceId, id).forUpdate().executeTakeFirst();
  if (row === undefined) throw notFound('template', id);
  return row;
}

const selectTemplate = (tx: Db, workspaceId: string, id: string) =>
  tx.selectFrom('template').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id);

/** Whatever its workspace, for reconcilers and services. */
export function findTemplate(tx: Db, id: string): Promise<TemplateRow | undefined> {
  return tx.selectFrom('template').selectAll().where('id', '=', id).executeTakeFirst();
}

export function listTemplates(tx: Db, workspaceId: string, page: PageQuery): Promise<TemplateRow[]> {
  return tx
    .selectFrom('template')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where(isAfter(page))
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
}

export type TemplateChange = {
  name?: string | undefined;
  sources?: StoredSource[] | undefined;
  podSecurity?: PodSecurity | undefined;
  registryProxyMode?: RegistryProxyMode | undefined;
};

export function updateTemplate(tx: Db, id: string, change: TemplateChange): Promise<TemplateRow> {
  return tx
    .updateTable('template')
    .set({
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.sources === undefined ? {} : { sources: JSON.stringify(change.sources) }),
      ...(change.podSecurity === undefined ? {} : { pod_security: change.podSecurity }),
      ...(change.registryProxyMode === undefined ? {} : { registry_proxy_mode: change.registryProxyMode }),
      version: sql`version + 1`,
      update_time: sql`now()`,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Not a change of the template by anybody, so its version and etag stay. */
export async function setLatestPackage(tx: Db, id: string, packageId: string): Promise<void> {
  await tx.updateTable('template').set({ latest_package_id: packageId }).where('id', '=', id).execute();
}

export async function deleteTemplate(tx: Db, id: string): Promise<void> {
  await tx.deleteFrom('template').where('id', '=', id).execute();
}
