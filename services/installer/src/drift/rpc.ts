import type { ServiceImpl } from '@connectrpc/connect';
import type { InstallService } from '@cnap/proto/cnap/installer/v1/install_service';
import { workspaceOf } from '@cnap/rpc';
import type { Database } from '../database.ts';
import { operated } from '../install/operated.ts';
import { findInstall } from '../install/store.ts';
import { loadDrifts } from './store.ts';
import { driftToProto } from './to-proto.ts';

export const driftRpc = ({
  db,
}: {
  db: Database;
}): Pick<ServiceImpl<typeof InstallService>, 'getInstallDrift'> => ({
  async getInstallDrift({ installId: id }, context) {
    const workspaceId = workspaceOf(context);
    return db.inWorkspace(workspaceId, async (tx) => {
      const row = operated(workspaceId, await findInstall(tx, workspaceId, id), id);
      return { installDrift: driftToProto(row, await loadDrifts(tx, id)) };
    });
  },
});
