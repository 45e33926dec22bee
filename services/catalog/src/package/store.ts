import { notFound } from '@cnap/errors';
import type { PageQuery } from '@cnap/pages';
import type { Tx } from '@cnap/postgres';
import { sql } from 'kysely';
import type {
  CatalogDatabase,
  PackageRow,
  PackageState,
  Part,
  StoredSource,
  VersionBump,
} from '../database.ts';
import { isAfter } from '../page.ts';
import type { Inspection } from './inspect.ts';

type Db = Tx<CatalogDatabase>;

export type NewPackage = {
  id: string;
  workspaceId: string;
  templateId: string;
  sources: StoredSource[];
  parts: Part[];
  bump: VersionBump;
  traceparent: string | undefined;
};

export function insertPackage(tx: Db, made: NewPackage): Promise<PackageRow> {
  return tx
    .insertInto('package')
    .values({
      id: made.id,
      workspace_id: made.workspaceId,
      template_id: made.templateId,
      sources: JSON.stringify(made.sources),
      parts: JSON.stringify(made.parts),
      bump: made.bump,
      state: 'queued',
      traceparent: made.traceparent ?? null,
      resolved: '[]',
      images: '[]',
      kinds: '[]',
      generated_fields: '[]',
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** @throws DomainError not-found PACKAGE_NOT_FOUND */
export async function getPackage(tx: Db, workspaceId: string, id: string): Promise<PackageRow> {
  const row = await tx
    .selectFrom('package')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw notFound('package', id);
  return row;
}

/** Whatever its workspace, for reconcilers and services. */
export function findPackage(tx: Db, id: string): Promise<PackageRow | undefined> {
  return tx.selectFrom('package').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The packages of a template, newest first, without builds that came out like one that was there. */
export function listPackages(
  tx: Db,
  workspaceId: string,
  templateId: string,
  page: PageQuery,
): Promise<PackageRow[]> {
  return tx
    .selectFrom('package')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('template_id', '=', templateId)
    .where('same_as_id', 'is', null)
    .where(isAfter(page))
    .orderBy('create_time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1)
    .execute();
}

const unfinished = (tx: Db, templateId: string) =>
  tx
    .selectFrom('package')
    .selectAll()
    .where('template_id', '=', templateId)
    .where('state', 'not in', ['ready', 'failed'])
    .orderBy('id');

/** The builds of a template that have not ended. */
export const unfinishedPackages = (tx: Db, templateId: string): Promise<PackageRow[]> =>
  unfinished(tx, templateId).execute();

/** The same as they are now: a build that is under way at this moment waits, or has ended. */
export const lockUnfinishedPackages = (tx: Db, templateId: string): Promise<PackageRow[]> =>
  unfinished(tx, templateId).forUpdate().execute();

/** The digests of the artifacts of a template's packages. */
export async function digestsOf(tx: Db, templateId: string): Promise<string[]> {
  const rows = await tx
    .selectFrom('package')
    .select('digest')
    .distinct()
    .where('template_id', '=', templateId)
    .where('digest', 'is not', null)
    .execute();
  return rows.flatMap(({ digest }) => digest ?? []);
}

/** The READY package of a template with this content. */
export function findByDigest(tx: Db, templateId: string, digest: string): Promise<PackageRow | undefined> {
  return readyPackages(tx, templateId).where('digest', '=', digest).executeTakeFirst();
}

/** The READY package of a template with the highest version. */
export function newestVersion(tx: Db, templateId: string): Promise<PackageRow | undefined> {
  return readyPackages(tx, templateId)
    .orderBy(sql`string_to_array(semantic_version, '.')::bigint[]`, 'desc')
    .limit(1)
    .executeTakeFirst();
}

const readyPackages = (tx: Db, templateId: string) =>
  tx
    .selectFrom('package')
    .selectAll()
    .where('template_id', '=', templateId)
    .where('state', '=', 'ready')
    .where('same_as_id', 'is', null);

export type PackageChange = {
  state?: PackageState;
  stateMessage?: string;
  parts?: Part[];
  /** null: what was bundled is not kept. */
  digest?: string | null;
  sizeBytes?: number | null;
  semanticVersion?: string;
  sameAsId?: string;
  inspection?: Inspection;
};

/** Somebody else has changed the package since it was read: the step is looked at again. */
export class PackageChanged extends Error {
  override readonly name = 'PackageChanged';
}

/**
 * Changes a package that is as it was read, and tells those who watch.
 * @throws PackageChanged
 */
export async function updatePackage(tx: Db, row: PackageRow, change: PackageChange): Promise<PackageRow> {
  const { inspection } = change;
  const changed = await tx
    .updateTable('package')
    .set({
      ...(change.state === undefined ? {} : { state: change.state }),
      ...(change.stateMessage === undefined ? {} : { state_message: change.stateMessage }),
      ...(change.parts === undefined ? {} : { parts: JSON.stringify(change.parts) }),
      ...(change.digest === undefined ? {} : { digest: change.digest }),
      ...(change.sizeBytes === undefined ? {} : { size_bytes: change.sizeBytes }),
      ...(change.semanticVersion === undefined ? {} : { semantic_version: change.semanticVersion }),
      ...(change.sameAsId === undefined ? {} : { same_as_id: change.sameAsId }),
      ...(inspection === undefined
        ? {}
        : {
            resolved: JSON.stringify(inspection.resolved),
            images: JSON.stringify(inspection.images),
            kinds: JSON.stringify(inspection.kinds),
            generated_fields: JSON.stringify(inspection.generatedFields),
            needs: JSON.stringify(inspection.needs),
            values_schema: JSON.stringify(inspection.valuesSchema),
            values: JSON.stringify(inspection.values),
            kubernetes_version_range: inspection.kubernetesVersionRange,
          }),
      version: sql`version + 1`,
      update_time: sql`now()`,
    })
    .where('id', '=', row.id)
    .where('version', '=', row.version)
    .returningAll()
    .executeTakeFirst();
  if (changed === undefined) throw new PackageChanged(`package ${row.id} was changed meanwhile`);
  await sql`select pg_notify(${packageChannel}, '')`.execute(tx);
  return changed;
}

/** Notified when any package or its log changes. */
export const packageChannel = 'catalog_package';
