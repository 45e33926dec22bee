// The two good ends of a build.
import { publish } from '@cnap/events';
import type { Tx } from '@cnap/postgres';
import type { CatalogDatabase, PackageRow } from '../database.ts';
import { lockTemplate, setLatestPackage } from '../template/store.ts';
import { dropArchives } from './archive-store.ts';
import { packageReady } from './event.ts';
import type { Inspection } from './inspect.ts';
import { log } from './log-store.ts';
import { findByDigest, newestVersion, updatePackage } from './store.ts';
import { nextVersion } from './version.ts';

type Db = Tx<CatalogDatabase>;

/** Gives a verified package its version; from now on new installs get it. */
export async function finishReady(tx: Db, row: PackageRow, inspection: Inspection): Promise<void> {
  // Versions of a template are given one after the other.
  await lockTemplate(tx, row.workspace_id, row.template_id);
  const same = await findByDigest(tx, row.template_id, row.digest ?? '');
  if (same !== undefined) return finishSame(tx, row, same);
  const newest = await newestVersion(tx, row.template_id);
  const semanticVersion = nextVersion(newest?.semantic_version ?? undefined, row.bump);
  const ready = await updatePackage(tx, row, {
    state: 'ready',
    stateMessage: '',
    semanticVersion,
    inspection,
  });
  await setLatestPackage(tx, row.template_id, row.id);
  const { images, kinds, generatedFields, needs } = inspection;
  const objects = kinds.reduce((sum, { count }) => sum + count, 0);
  await log(
    tx,
    row,
    `Verified: ${objects} objects of ${kinds.length} kinds, ${images.length} images, ${generatedFields.length} generated fields`,
    `Needs ${needs.cpuMillis}m CPU, ${needs.memoryBytes} bytes of memory, ${needs.pods} pods`,
    `Ready: version ${semanticVersion}`,
  );
  await publish(tx, packageReady(ready));
}

/** A build that came out like a package that is there: it takes that one's version and everything known of it. */
export async function finishSame(tx: Db, row: PackageRow, same: PackageRow): Promise<void> {
  const message = `Nothing changed: the same as version ${same.semantic_version ?? ''} (${same.id})`;
  const ready = await updatePackage(tx, row, {
    state: 'ready',
    stateMessage: message,
    sameAsId: same.id,
    semanticVersion: same.semantic_version ?? '',
    digest: same.digest ?? '',
    sizeBytes: same.size_bytes ?? 0,
    inspection: {
      resolved: same.resolved,
      images: same.images,
      kinds: same.kinds,
      generatedFields: same.generated_fields,
      needs: same.needs ?? { cpuMillis: 0, memoryBytes: 0, pods: 0 },
      valuesSchema: same.values_schema ?? {},
      values: same.values ?? {},
      kubernetesVersionRange: same.kubernetes_version_range,
    },
  });
  await dropArchives(tx, row.id);
  // Going back to older sources makes their package the current one again.
  await setLatestPackage(tx, row.template_id, same.id);
  await log(tx, row, message);
  await publish(tx, packageReady(ready));
}
