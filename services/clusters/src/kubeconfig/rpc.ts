import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import type { KubeconfigService } from '@cnap/proto/cnap/clusters/v1/kubeconfig_service';
import { workspaceOf } from '@cnap/rpc';
import { findCluster } from '../cluster/store.ts';
import type { Database } from '../database.ts';

export const kubeconfigRpc = ({ db }: { db: Database }): ServiceImpl<typeof KubeconfigService> => ({
  // Every cluster is an imported one: what its owner gave us is never handed out, to nobody.
  async createKubeconfig({ id }, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, (tx) => findCluster(tx, workspaceId, id));
    if (!row) throw notFound('cluster', id);
    throw new DomainError(
      'not-found',
      'CLUSTER_NOT_MANAGED',
      `The cluster "${row.name}" is imported: there is no kubeconfig of CNAP for it.`,
      { suggestion: 'Use the kubeconfig that it was imported with.' },
    );
  },
});
