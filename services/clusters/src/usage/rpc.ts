import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { DomainError } from '@cnap/errors';
import { closeWorkspace, reopenWorkspace } from '@cnap/postgres';
import type { UsageService } from '@cnap/proto/cnap/clusters/v1/usage_service';
import { callerOf } from '@cnap/rpc';
import { listIdsOf } from '../cluster/store.ts';
import type { Database } from '../database.ts';

function refuseOthers(context: HandlerContext): void {
  const caller = callerOf(context);
  if (caller.kind === 'service' && caller.service === 'identity') return;
  throw new DomainError('permission-denied', 'PERMISSION_DENIED', 'Workspaces are closed by identity only.');
}

/** Clusters use nothing but their workspace. */
export const usageRpc = ({ db }: { db: Database }): ServiceImpl<typeof UsageService> => ({
  async getUsage({ subject }) {
    if (subject.case !== 'workspaceId') return { count: 0, exampleIds: [] };
    const ids = await db.acrossWorkspaces((tx) => listIdsOf(tx, subject.value));
    return { count: ids.length, exampleIds: ids.slice(0, 10) };
  },

  async closeWorkspace(closing, context) {
    refuseOthers(context);
    const ids = await db.acrossWorkspaces((tx) =>
      closeWorkspace(tx, closing, () => listIdsOf(tx, closing.workspaceId)),
    );
    return { count: ids.length, exampleIds: ids.slice(0, 10) };
  },

  async reopenWorkspace(closing, context) {
    refuseOthers(context);
    await db.acrossWorkspaces((tx) => reopenWorkspace(tx, closing));
    return {};
  },
});
