// The callers of the permission table before a platform that runs, each with what it sends along.
import { createServiceIdentity } from '@cnap/auth';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { createCnapClient } from '@cnap/client';
import { newId } from '@cnap/ids';
import type { CallerKind } from '../../src/permissions/expectation.ts';
import { provisionUser } from '../../src/provision.ts';
import type { Platform } from '../platform.ts';

/** Credentials of every caller for calls in the seller's workspace. */
export async function callersOf(
  platform: Platform,
): Promise<{ workspaceId: string; tokens: Record<CallerKind, string | undefined> }> {
  const { seller, stranger } = platform.sample;
  const operator = {
    identityUrl: `http://127.0.0.1:${platform.kept.ports.identity}`,
    privateKey: platform.kept.keys.admin.privateKey,
  };
  const inRole = async (role: string) => {
    const email = `${role}-${newId('req').slice(-8)}@example.com`;
    const made = await provisionUser(operator, { email, name: role, workspaceName: role, tokenName: 'test' });
    await platform.database.query(
      'insert into identity.members (workspace_id, user_id, role) values ($1, $2, $3)',
      [seller.workspace_id, made.userId, role],
    );
    return made.token;
  };
  const owner = platform.as('seller');
  const { workspace } = await owner.workspaces.createWorkspace({ name: 'Another' });
  const token = async (options: object = {}) => {
    const made = await owner.tokens.createToken({ name: 'test', ...options });
    return { id: made.token?.id ?? '', secret: made.secret };
  };
  const expired = await token({ expireTime: timestampFromMs(Date.now() + 3_600_000) });
  await platform.database.query(
    `update identity.access_tokens set expires_at = now() - interval '1 s' where id = $1`,
    [expired.id],
  );
  const revoked = await token();
  const asRevoked = createCnapClient({ baseUrl: platform.url, token: revoked.secret });
  await asRevoked.users.getCurrentUser({}); // so that it was known to the gateway
  await owner.tokens.deleteToken({ id: revoked.id });
  const service = createServiceIdentity({ service: 'admin', privateKey: operator.privateKey });
  return {
    workspaceId: seller.workspace_id,
    tokens: {
      anonymous: undefined,
      stranger: stranger.token,
      viewer: await inRole('viewer'),
      member: await inRole('member'),
      admin: await inRole('admin'),
      owner: seller.token,
      'read-only token': (await token({ readOnly: true })).secret,
      'token of another workspace': (await token({ workspaceId: workspace?.id ?? '' })).secret,
      'expired token': expired.secret,
      'revoked token': revoked.secret,
      'other audience': await service.token('billing'),
    },
  };
}
