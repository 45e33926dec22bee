import type { UserCaller } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import type { Tx } from '../database.ts';
import { findMember } from '../member/store.ts';
import { hashTokenSecret, isTokenSecret } from '../token/secret.ts';
import { findTokenByHash, recordUse } from '../token/store.ts';
import { membershipsOf } from './store.ts';

const useIsRecordedEveryMs = 60_000;

const invalidCredential = () =>
  new DomainError('unauthenticated', 'CREDENTIAL_INVALID', 'The token is unknown, expired or revoked.', {
    suggestion: 'Sign in again, or make a new token.',
  });

/** What a credential is worth: who calls, in which workspace and in which role there. */
export async function resolveCaller(
  read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  call: { credential: string; workspaceId: string; address: string },
  operators: ReadonlySet<string>,
  now: Date,
): Promise<UserCaller> {
  if (!isTokenSecret(call.credential)) throw invalidCredential();
  return read(async (tx) => {
    const token = await findTokenByHash(tx, hashTokenSecret(call.credential), now);
    if (!token) throw invalidCredential();
    if (now.getTime() - (token.last_used_at?.getTime() ?? 0) > useIsRecordedEveryMs) {
      await recordUse(tx, token.id, now);
    }
    const workspaceId = call.workspaceId || token.workspace_id || (await onlyWorkspaceOf(tx, token.user_id));
    const allowed = workspaceId !== undefined && (token.workspace_id ?? workspaceId) === workspaceId;
    const member = allowed ? await findMember(tx, workspaceId, token.user_id) : undefined;
    return {
      kind: 'user',
      userId: token.user_id,
      email: token.email,
      name: token.user_name,
      ...(workspaceId === undefined ? {} : { workspaceId }),
      ...(member ? { role: member.role } : {}),
      readOnly: token.read_only,
      operator: operators.has(token.email),
      credentialId: token.id,
      ...(call.address === '' ? {} : { address: call.address }),
    };
  });
}

async function onlyWorkspaceOf(tx: Tx, userId: string): Promise<string | undefined> {
  const ids = await membershipsOf(tx, userId, 2);
  return ids.length === 1 ? ids[0] : undefined;
}
