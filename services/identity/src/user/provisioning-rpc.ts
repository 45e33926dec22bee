import type { ServiceImpl } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import type { UserProvisioningService } from '@cnap/proto/cnap/identity/v1/user_provisioning_service';
import type { Database } from '../database.ts';
import { makeToken } from '../token/make-token.ts';
import { ensureWorkspace } from '../workspace/ensure-workspace.ts';
import { firstWorkspaceOf } from '../workspace/store.ts';
import { ensureUser } from './store.ts';
import { userToProto } from './to-proto.ts';

export const userProvisioningRpc = ({
  db,
}: {
  db: Database;
}): ServiceImpl<typeof UserProvisioningService> => ({
  provisionUser: ({ email, name, workspaceName, tokenName }) =>
    db.acrossWorkspaces(async (tx) => {
      const user = await ensureUser(tx, { id: newId('usr'), email: email.toLowerCase(), name });
      const workspaceId =
        workspaceName === ''
          ? await firstWorkspaceOf(tx, user.id)
          : await ensureWorkspace(tx, user.id, workspaceName);
      const token =
        tokenName === ''
          ? undefined
          : await makeToken(tx, {
              userId: user.id,
              name: tokenName,
              workspaceId: null,
              readOnly: false,
              expiresAt: null,
            });
      return { user: userToProto(user), workspaceId: workspaceId ?? '', tokenSecret: token?.secret ?? '' };
    }),
});
