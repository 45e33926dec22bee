import type { ServiceImpl } from '@connectrpc/connect';
import type { UsageService } from '@cnap/proto/cnap/clusters/v1/usage_service';
import { listIdsOf } from '../cluster/store.ts';
import type { Database } from '../database.ts';

/** Clusters use nothing but their workspace. */
export const usageRpc = ({ db }: { db: Database }): ServiceImpl<typeof UsageService> => ({
  async getUsage({ subject }) {
    if (subject.case !== 'workspaceId') return { count: 0, exampleIds: [] };
    const ids = await db.acrossWorkspaces((tx) => listIdsOf(tx, subject.value));
    return { count: ids.length, exampleIds: ids.slice(0, 10) };
  },
});
