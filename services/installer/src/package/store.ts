import type { InstallRow, Tx } from '../database.ts';

export async function installsThatWaitFor(tx: Tx, packageId: string): Promise<string[]> {
  const rows = await tx
    .selectFrom('installs')
    .select('id')
    .where('package_wanted', '=', packageId)
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .execute();
  return rows.map(({ id }) => id);
}

/** Installs of a template that may move by themselves to a package; one that waits for a newer one goes on waiting. */
export const installsThatFollow = (
  tx: Tx,
  templateId: string,
  packageId: string,
): Promise<Pick<InstallRow, 'id' | 'update_policy' | 'package_version'>[]> =>
  tx
    .selectFrom('installs')
    .select(['id', 'update_policy', 'package_version'])
    .where('template_id', '=', templateId)
    .where('wanted', '=', 'present')
    .where('deleted_at', 'is', null)
    // Ids sort by the time they were made.
    .where((eb) => eb.or([eb('package_wanted', 'is', null), eb('package_wanted', '<', packageId)]))
    .where('update_policy', '!=', 'manual')
    .orderBy('id')
    .execute();
