import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { closeWorkspace, reopenWorkspace } from '@cnap/postgres';
import type { UsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import { callerOf } from '@cnap/rpc';
import type { Database } from '../database.ts';
import { idsUsing } from '../install/store.ts';

const columns = {
  workspaceId: 'workspace_id',
  clusterId: 'cluster_id',
  templateId: 'template_id',
  productId: 'product_id',
} as const;

function refuseOthers(context: HandlerContext): void {
  const caller = callerOf(context);
  if (caller.kind === 'service' && caller.service === 'identity') return;
  throw new DomainError('permission-denied', 'PERMISSION_DENIED', 'Workspaces are closed by identity only.');
}

export const usageRpc = ({ db }: { db: Database }): ServiceImpl<typeof UsageService> => ({
  async getUsage({ subject }) {
    if (subject.case === undefined) return { count: 0, exampleIds: [] };
    const column = columns[subject.case];
    const ids = await db.acrossWorkspaces((tx) => idsUsing(tx, column, subject.value));
    return { count: ids.length, exampleIds: ids.slice(0, 10) };
  },

  async closeWorkspace(closing, context) {
    refuseOthers(context);
    const ids = await db.acrossWorkspaces((tx) =>
      closeWorkspace(tx, closing, () => idsUsing(tx, 'workspace_id', closing.workspaceId)),
    );
    return { count: ids.length, exampleIds: ids.slice(0, 10) };
  },

  async reopenWorkspace(closing, context) {
    refuseOthers(context);
    await db.acrossWorkspaces((tx) => reopenWorkspace(tx, closing));
    return {};
  },
});
