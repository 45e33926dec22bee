import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { DriftEventSchema } from '@cnap/proto/cnap/installer/v1/drift_event';
import type { InstallRow, Tx } from '../database.ts';
import type { Found } from './plan.ts';

/** A fact about what somebody changed on a cluster; numbered by the install's version. */
export async function driftFact(
  tx: Tx,
  fact: 'detected' | 'corrected',
  row: InstallRow,
  found: readonly Found[],
): Promise<Fact<typeof DriftEventSchema>> {
  const { version } = await tx
    .selectFrom('installs')
    .select('version')
    .where('id', '=', row.id)
    .executeTakeFirstOrThrow();
  return {
    service: 'installer',
    resource: 'drift',
    fact,
    id: row.id,
    // Its change is written with it and raises the version.
    version: Number(version) + 1,
    workspaceIds: [...new Set([row.workspace_id, row.seller_workspace_id])],
    schema: DriftEventSchema,
    message: create(DriftEventSchema, {
      installId: row.id,
      workspaceId: row.workspace_id,
      sellerWorkspaceId: row.seller_workspace_id,
      objects: found.slice(0, 100).map(({ compared: { ref }, change, fields }) => ({
        apiVersion: ref.apiVersion,
        kind: ref.kind,
        namespace: ref.namespace ?? '',
        name: ref.name,
        change,
        paths: fields.map(({ path }) => path),
      })),
    }),
  };
}
