import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { TokenEventSchema } from '@cnap/proto/cnap/identity/v1/token_event';
import type { AccessTokenRow } from '../database.ts';

const tokenFact = (fact: string, row: AccessTokenRow, version: number): Fact<typeof TokenEventSchema> => ({
  service: 'identity',
  resource: 'token',
  fact,
  id: row.id,
  version,
  workspaceIds: row.workspace_id === null ? [] : [row.workspace_id],
  schema: TokenEventSchema,
  message: create(TokenEventSchema, { credentialId: row.id, userId: row.user_id }),
});

export const tokenCreated = (row: AccessTokenRow) => tokenFact('created', row, 1);
export const tokenRevoked = (row: AccessTokenRow) => tokenFact('revoked', row, 2);
