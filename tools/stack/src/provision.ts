import { setTimeout as pause } from 'node:timers/promises';
import { createServiceIdentity } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { UserProvisioningService } from '@cnap/proto/cnap/identity/v1/user_provisioning_service';
import { peerClient } from '@cnap/rpc';

/** How the operator's command reaches identity, past the public port. */
export type OperatorAccess = { identityUrl: string; privateKey: string };

const triesAtMost = 5;

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
  for (let tries = 1; ; tries += 1) {
    try {
      const made = await client.provisionUser(user);
      return { userId: made.user?.id ?? '', workspaceId: made.workspaceId, token: made.tokenSecret };
    } catch (error) {
      // Users are made or found: a busy machine is no reason not to ask again.
      const isAway = error instanceof DomainError && error.kind === 'unavailable';
      if (!isAway || tries === triesAtMost) throw error;
      await pause(1_000);
    }
  }
}
