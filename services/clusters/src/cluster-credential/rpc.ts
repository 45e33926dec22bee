import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import type { ClusterCredentialService } from '@cnap/proto/cnap/clusters/v1/cluster_credential_service';
import { callerOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import { loadCluster } from '../cluster/store.ts';
import { settingsToProto } from '../cluster/to-proto.ts';
import type { Database } from '../database.ts';

type Deps = { db: Database; keyring: Keyring };

export const clusterCredentialRpc = ({
  db,
  keyring,
}: Deps): ServiceImpl<typeof ClusterCredentialService> => ({
  async getClusterCredential({ clusterId }, context) {
    const caller = callerOf(context);
    if (caller.kind !== 'service' || caller.service !== 'installer') {
      throw new DomainError(
        'permission-denied',
        'PERMISSION_DENIED',
        'Kubeconfigs are for the installer only.',
      );
    }
    const row = await db.acrossWorkspaces((tx) => loadCluster(tx, clusterId));
    if (!row) throw notFound('cluster', clusterId);
    return {
      kubeconfig: keyring.openText(row.sealed_kubeconfig, row.id),
      revision: row.kubeconfig_revision,
      settings: settingsToProto(row.settings),
      workspaceId: row.workspace_id,
    };
  },
});
