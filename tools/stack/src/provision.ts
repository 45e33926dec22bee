import { createServiceIdentity } from '@cnap/auth';
import { UserProvisioningService } from '@cnap/proto/cnap/identity/v1/user_provisioning_service';
import { peerClient } from '@cnap/rpc';
import { askAgain } from './seed/ask-again.ts';

/** How the operator's command reaches identity, past the public port. */
export type OperatorAccess = { identityUrl: string; privateKey: string };

/** Makes a user, or finds the one with that address, with a workspace and a token. */
export async function provisionUser(
  access: OperatorAccess,
  user: { email: string; name: string; workspaceName: string; tokenName: string },
): Promise<{ userId: string; workspaceId: string; token: string }> {
  const identity = createServiceIdentity({ service: 'admin', privateKey: access.privateKey });
  const client = peerClient(UserProvisioningService, {
    baseUrl: access.identityUrl,
    audience: 'identity',
    identity,
    timeoutMs: 30_000, // the first call of all, on a machine that is busy with starting everything
  });
  const made = await askAgain(() => client.provisionUser(user));
  return { userId: made.user?.id ?? '', workspaceId: made.workspaceId, token: made.tokenSecret };
}
