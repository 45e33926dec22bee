import type { ServiceImpl } from '@connectrpc/connect';
import type { UsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import type { Database } from '../database.ts';
import { idsUsing } from '../install/store.ts';

const columns = {
  workspaceId: 'workspace_id',
  clusterId: 'cluster_id',
  templateId: 'template_id',
  productId: 'product_id',
} as const;

export const usageRpc = ({ db }: { db: Database }): ServiceImpl<typeof UsageService> => ({
  async getUsage({ subject }) {
    if (subject.case === undefined) return { count: 0, exampleIds: [] };
    const column = columns[subject.case];
    const ids = await db.acrossWorkspaces((tx) => idsUsing(tx, column, subject.value));
    return { count: ids.length, exampleIds: ids.slice(0, 10) };
  },
});
