import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { InstallEventSchema } from '@cnap/proto/cnap/installer/v1/install_event';
import type { InstallRow } from '../database.ts';
import { stateToProto } from './to-proto.ts';

export type InstallFactName =
  | 'created'
  | 'deploying'
  | 'ready'
  | 'updated'
  | 'changed'
  | 'values_changed'
  | 'overrides_changed'
  | 'rollback_requested'
  | 'exported'
  | 'hibernate_requested'
  | 'revive_requested'
  | 'hibernated'
  | 'revived'
  | 'degraded'
  | 'failed'
  | 'detached'
  | 'reattached'
  | 'deleting'
  | 'deleted'
  | 'detached';

/** A fact about an install; the row's version numbers the facts of one install. */
export const installFact = (fact: InstallFactName, row: InstallRow): Fact<typeof InstallEventSchema> => ({
  service: 'installer',
  resource: 'install',
  fact,
  id: row.id,
  version: Number(row.version),
  workspaceIds: [...new Set([row.workspace_id, row.seller_workspace_id])],
  schema: InstallEventSchema,
  message: create(InstallEventSchema, {
    installId: row.id,
    workspaceId: row.workspace_id,
    sellerWorkspaceId: row.seller_workspace_id,
    orderId: row.order_id ?? '',
    productId: row.product_id ?? '',
    templateId: row.template_id,
    packageId: row.package_id,
    clusterId: row.cluster_id ?? '',
    regionId: row.region_id,
    state: stateToProto[row.state],
    reason: row.reason,
    message: row.message,
  }),
});
