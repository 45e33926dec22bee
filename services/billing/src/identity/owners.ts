import type { WorkspaceOwnerService } from '@cnap/proto/cnap/identity/v1/workspace_owner_service';
import type { Client } from '@connectrpc/connect';
import type { Owners } from '../customer/port.ts';
import type { ExternalCalls } from '@cnap/service';

/** Owners of workspaces, as identity has them. */
export const identityOwners = (
  client: Client<typeof WorkspaceOwnerService>,
  call: ExternalCalls,
): Owners => ({
  async ownerOf(workspaceId) {
    const { user } = await call('identity.GetWorkspaceOwner', () =>
      client.getWorkspaceOwner({ workspaceId }),
    );
    if (user === undefined) throw new Error(`identity named no owner of ${workspaceId}`);
    return { userId: user.id, email: user.email, name: user.name || user.email.replace(/@.*$/, '') };
  },
});
