import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { TokenEventSchema } from '@cnap/proto/cnap/identity/v1/token_event';

type Credential = { id: string; userId: string };

/** What somebody signs in with, or has signed in to, opens all workspaces of its user. */
const credentialFact = (
  resource: 'session' | 'passkey' | 'password',
  fact: string,
  version: number,
  { id, userId }: Credential,
  workspaceIds: string[],
): Fact<typeof TokenEventSchema> => ({
  service: 'identity',
  resource,
  fact,
  id,
  version,
  workspaceIds,
  schema: TokenEventSchema,
  message: create(TokenEventSchema, { credentialId: id, userId }),
});

/** Somebody has signed in. */
export const sessionCreated = (session: Credential, workspaceIds: string[]) =>
  credentialFact('session', 'created', 1, session, workspaceIds);

/** A session ended before its time: gateways forget it. */
export const sessionRevoked = (session: Credential, workspaceIds: string[]) =>
  credentialFact('session', 'revoked', 2, session, workspaceIds);

export const passkeyAdded = (passkey: Credential, workspaceIds: string[]) =>
  credentialFact('passkey', 'added', 1, passkey, workspaceIds);

export const passkeyRemoved = (passkey: Credential, workspaceIds: string[]) =>
  credentialFact('passkey', 'removed', 2, passkey, workspaceIds);

/** A password has no id but its user's, and no version but the time. */
export const passwordChanged = (userId: string, time: Date, workspaceIds: string[]) =>
  credentialFact('password', 'changed', time.getTime(), { id: userId, userId }, workspaceIds);
