import type { UserCaller } from '@cnap/auth';
import { DomainError } from '@cnap/errors';
import { sessionSeconds } from '../auth/port.ts';
import { looksLikeJwt, sessionOfJwt } from '../auth/jwt.ts';
import { sessionTokenIn } from '../auth/session-token.ts';
import { extendSession, findSession } from '../auth/store.ts';
import type { Tx } from '../database.ts';
import { findMember } from '../member/store.ts';
import { hashTokenSecret, isTokenSecret } from '../token/secret.ts';
import { findTokenByHash, recordUse } from '../token/store.ts';
import { membershipsOf } from './store.ts';

const useIsRecordedEveryMs = 60_000;
const sessionIsExtendedEveryMs = 24 * 3_600_000;

const invalidCredential = () =>
  new DomainError('unauthenticated', 'CREDENTIAL_INVALID', 'The token is unknown, expired or revoked.', {
    suggestion: 'Sign in again, or make a new token.',
  });

/** A credential that is good, and what it is restricted to. */
type Known = {
  id: string;
  userId: string;
  email: string;
  emailVerified: boolean;
  name: string;
  workspaceId: string | null;
  readOnly: boolean;
};

/**
 * What a credential is worth: who calls, in which workspace and in which role there.
 * @param onWrong for one that has the form of a credential and is none; anything else costs no query
 */
export async function resolveCaller(
  read: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>,
  call: { credential: string; workspaceId: string; address: string },
  operators: ReadonlySet<string>,
  issuer: string,
  onWrong: () => Promise<void>,
  now: Date,
): Promise<UserCaller> {
  const find = finderOf(call.credential, issuer);
  if (!find) throw invalidCredential();
  const caller = await read(async (tx): Promise<UserCaller | undefined> => {
    const known = await find(tx, now);
    if (!known) return undefined;
    const workspaceId = call.workspaceId || known.workspaceId || (await onlyWorkspaceOf(tx, known.userId));
    const allowed = workspaceId !== undefined && (known.workspaceId ?? workspaceId) === workspaceId;
    const member = allowed ? await findMember(tx, workspaceId, known.userId) : undefined;
    return {
      kind: 'user',
      userId: known.userId,
      email: known.email,
      name: known.name,
      ...(workspaceId === undefined ? {} : { workspaceId }),
      ...(member ? { role: member.role } : {}),
      readOnly: known.readOnly,
      // Anybody can name an address that is not his.
      operator: known.emailVerified && operators.has(known.email),
      credentialId: known.id,
      ...(call.address === '' ? {} : { address: call.address }),
    };
  });
  if (caller) return caller;
  await onWrong();
  throw invalidCredential();
}

type Find = (tx: Tx, now: Date) => Promise<Known | undefined>;

/** How to look a credential up; undefined for what has the form of none, which costs no query. */
function finderOf(credential: string, issuer: string): Find | undefined {
  if (isTokenSecret(credential)) return (tx, now) => findAccessToken(tx, credential, now);
  if (looksLikeJwt(credential)) {
    return async (tx, now) => {
      const id = await sessionOfJwt(tx, credential, issuer, now);
      return id === undefined ? undefined : findBySession(tx, { id }, now);
    };
  }
  const token = sessionTokenIn(credential);
  return token === undefined ? undefined : (tx, now) => findBySession(tx, { token }, now);
}

async function findAccessToken(tx: Tx, secret: string, now: Date): Promise<Known | undefined> {
  const token = await findTokenByHash(tx, hashTokenSecret(secret), now);
  if (!token) return undefined;
  if (now.getTime() - (token.last_used_at?.getTime() ?? 0) > useIsRecordedEveryMs) {
    await recordUse(tx, token.id, now);
  }
  return {
    id: token.id,
    userId: token.user_id,
    email: token.email,
    emailVerified: token.email_verified,
    name: token.user_name,
    workspaceId: token.workspace_id,
    readOnly: token.read_only,
  };
}

async function findBySession(
  tx: Tx,
  by: { token: string } | { id: string },
  now: Date,
): Promise<Known | undefined> {
  const session = await findSession(tx, by, now);
  if (!session) return undefined;
  const expiresAt = now.getTime() + sessionSeconds * 1_000;
  if (expiresAt - session.expires_at.getTime() > sessionIsExtendedEveryMs) {
    await extendSession(tx, session.id, new Date(expiresAt), now);
  }
  return {
    id: session.id,
    userId: session.user_id,
    email: session.email,
    emailVerified: session.email_verified,
    name: session.user_name,
    workspaceId: null,
    readOnly: false,
  };
}

async function onlyWorkspaceOf(tx: Tx, userId: string): Promise<string | undefined> {
  const ids = await membershipsOf(tx, userId, 2);
  return ids.length === 1 ? ids[0] : undefined;
}
