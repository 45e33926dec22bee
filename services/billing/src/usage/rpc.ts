import type { Database } from '@cnap/postgres';
import type { UsageService } from '@cnap/proto/cnap/billing/v1/usage_service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { BillingTables } from '../database.ts';
import { liveOrders } from './store.ts';

export const usageRpc = ({ db }: { db: Database<BillingTables> }): ServiceImpl<typeof UsageService> => ({
  async getUsage({ subject }) {
    if (subject.case === undefined) return { count: 0, exampleIds: [] };
    return db.acrossWorkspaces((tx) => liveOrders(tx, subject));
  },
});
