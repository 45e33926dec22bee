import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { newId } from '@cnap/ids';
import { ShellEventSchema } from '@cnap/proto/cnap/installer/v1/shell_event';
import type { InstallRow } from '../database.ts';

/** Somebody is about to get a shell: each is a resource of its own, with this one fact. */
export const shellOpened = (
  row: InstallRow,
  where: { pod: string; container: string; program: string },
): Fact<typeof ShellEventSchema> => ({
  service: 'installer',
  resource: 'shell',
  fact: 'opened',
  id: newId('shl'),
  version: 1,
  workspaceIds: [...new Set([row.workspace_id, row.seller_workspace_id])],
  schema: ShellEventSchema,
  message: create(ShellEventSchema, {
    installId: row.id,
    workspaceId: row.workspace_id,
    sellerWorkspaceId: row.seller_workspace_id,
    clusterId: row.cluster_id ?? '',
    ...where,
  }),
});
