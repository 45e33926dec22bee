import type { Database, Tx } from '@cnap/postgres';
import type { GetUsageRequest, UsageService } from '@cnap/proto/cnap/catalog/v1/usage_service';
import type { ServiceImpl } from '@connectrpc/connect';
import type { CatalogDatabase } from '../database.ts';
import type { Usage } from '../peer/usage-port.ts';
import { productsOfTemplate, productsOfWorkspace, productsOnCluster } from '../product/store.ts';

export const usageRpc = ({ db }: { db: Database<CatalogDatabase> }): ServiceImpl<typeof UsageService> => ({
  async getUsage(request) {
    return db.acrossWorkspaces((tx) => usageOf(tx, request.subject));
  },
});

/** Products are what uses anything here. */
function usageOf(tx: Tx<CatalogDatabase>, subject: GetUsageRequest['subject']): Promise<Usage> {
  switch (subject.case) {
    case 'workspaceId':
      return productsOfWorkspace(tx, subject.value);
    case 'clusterId':
      return productsOnCluster(tx, subject.value);
    case 'templateId':
      return productsOfTemplate(tx, subject.value);
    default:
      return Promise.resolve({ count: 0, exampleIds: [] });
  }
}
