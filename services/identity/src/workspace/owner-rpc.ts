import type { ServiceImpl } from '@connectrpc/connect';
import { notFound } from '@cnap/errors';
import type { WorkspaceOwnerService } from '@cnap/proto/cnap/identity/v1/workspace_owner_service';
import type { Database } from '../database.ts';
import { userToProto } from '../user/to-proto.ts';
import { findOwner } from './store.ts';

export const workspaceOwnerRpc = ({ db }: { db: Database }): ServiceImpl<typeof WorkspaceOwnerService> => ({
  async getWorkspaceOwner({ workspaceId }) {
    const owner = await db.acrossWorkspaces((tx) => findOwner(tx, workspaceId));
    if (!owner) throw notFound('workspace', workspaceId);
    return { user: userToProto(owner), workspaceName: owner.workspace_name };
  },
});
