import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { TokenEventSchema } from '@cnap/proto/cnap/identity/v1/token_event';

/** A session ended before its time: gateways forget it. */
export const sessionRevoked = (id: string, userId: string): Fact<typeof TokenEventSchema> => ({
  service: 'identity',
  resource: 'session',
  fact: 'revoked',
  id,
  version: 2,
  workspaceIds: [],
  schema: TokenEventSchema,
  message: create(TokenEventSchema, { credentialId: id, userId }),
});
