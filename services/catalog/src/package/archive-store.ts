// What a build has fetched so far.
import type { Tx } from '@cnap/postgres';
import type { CatalogDatabase, PackageRow } from '../database.ts';

type Db = Tx<CatalogDatabase>;

export async function keepArchive(
  tx: Db,
  row: PackageRow,
  partKey: string,
  bytes: Uint8Array,
): Promise<void> {
  await tx
    .insertInto('package_archive')
    .values({
      package_id: row.id,
      workspace_id: row.workspace_id,
      part_key: partKey,
      bytes: Buffer.from(bytes),
    })
    .onConflict((conflict) =>
      conflict.columns(['package_id', 'part_key']).doUpdateSet({ bytes: Buffer.from(bytes) }),
    )
    .execute();
}

export async function archivesOf(tx: Db, packageId: string): Promise<Map<string, Uint8Array>> {
  const rows = await tx
    .selectFrom('package_archive')
    .select(['part_key', 'bytes'])
    .where('package_id', '=', packageId)
    .execute();
  return new Map(rows.map((row) => [row.part_key, row.bytes]));
}

export async function dropArchives(tx: Db, packageId: string): Promise<void> {
  await tx.deleteFrom('package_archive').where('package_id', '=', packageId).execute();
}
