import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { TokenEventSchema } from '@cnap/proto/cnap/identity/v1/token_event';

type Session = { id: string; userId: string };

/** A session opens all workspaces of its user. */
const sessionFact = (
  fact: 'created' | 'revoked',
  { id, userId }: Session,
  workspaceIds: string[],
): Fact<typeof TokenEventSchema> => ({
  service: 'identity',
  resource: 'session',
  fact,
  id,
  version: fact === 'created' ? 1 : 2,
  workspaceIds,
  schema: TokenEventSchema,
  message: create(TokenEventSchema, { credentialId: id, userId }),
});

/** Somebody has signed in. */
export const sessionCreated = (session: Session, workspaceIds: string[]) =>
  sessionFact('created', session, workspaceIds);

/** A session ended before its time: gateways forget it. */
export const sessionRevoked = (session: Session, workspaceIds: string[]) =>
  sessionFact('revoked', session, workspaceIds);
