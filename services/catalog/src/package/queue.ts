import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import type { Tx } from '@cnap/postgres';
import { wake } from '@cnap/reconcile';
import type { CatalogDatabase, PackageRow, TemplateRow, VersionBump } from '../database.ts';
import { sortedJson } from '../sorted-json.ts';
import { dropArchives } from './archive-store.ts';
import { packageFailed } from './event.ts';
import { log } from './log-store.ts';
import { isPinned, partsOf } from './plan.ts';
import {
  insertPackage,
  lockUnfinishedPackages,
  newestVersion,
  unfinishedPackages,
  updatePackage,
} from './store.ts';

type Db = Tx<CatalogDatabase>;

/**
 * Queues a build of a template as it is now. Unfinished builds of older sources give way: their result would not be
 * used, and a build that waits for a repository must not hold up the one that names a better repository.
 */
export async function queueBuild(
  tx: Db,
  template: TemplateRow,
  bump: VersionBump,
  traceparent: string | undefined,
): Promise<PackageRow> {
  const row = await insertPackage(tx, {
    id: newId('pkg'),
    workspaceId: template.workspace_id,
    templateId: template.id,
    sources: template.sources,
    parts: partsOf(template.sources),
    bump,
    traceparent,
  });
  for (const older of await lockUnfinishedPackages(tx, template.id)) {
    if (older.id !== row.id) await giveWay(tx, older, row.id);
  }
  const names = template.sources.map(({ alias }) => alias).join(', ');
  await log(tx, row, `Queued: a ${bump} build of ${names}`);
  await wake(tx, 'package', row.id);
  return row;
}

async function giveWay(tx: Db, older: PackageRow, newerId: string): Promise<void> {
  const message = `A newer build took its place: ${newerId}`;
  const failed = await updatePackage(tx, older, { state: 'failed', stateMessage: message });
  await dropArchives(tx, older.id);
  await log(tx, older, message);
  await publish(tx, packageFailed(failed));
  await wake(tx, 'package', older.id); // to discard what it has bundled
}

/** The package that a build of the template as it is now would only repeat, or that is being built already. */
export async function findSameBuild(
  tx: Db,
  template: TemplateRow,
  bump: VersionBump,
): Promise<PackageRow | undefined> {
  const sources = sortedJson(template.sources);
  const running = await unfinishedPackages(tx, template.id);
  const same = running.find((row) => row.bump === bump && sortedJson(row.sources) === sources);
  if (same !== undefined) return same;
  const newest = await newestVersion(tx, template.id);
  return newest !== undefined && sortedJson(newest.sources) === sources && isPinned(newest.parts)
    ? newest
    : undefined;
}
