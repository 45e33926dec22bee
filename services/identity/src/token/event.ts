import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { TokenEventSchema } from '@cnap/proto/cnap/identity/v1/token_event';
import type { AccessTokenRow } from '../database.ts';

const tokenFact = (
  fact: string,
  row: AccessTokenRow,
  version: number,
  workspaceIds: string[],
): Fact<typeof TokenEventSchema> => ({
  service: 'identity',
  resource: 'token',
  fact,
  id: row.id,
  version,
  workspaceIds,
  schema: TokenEventSchema,
  message: create(TokenEventSchema, { credentialId: row.id, userId: row.user_id }),
});

/** @param workspaceIds those that the token opens */
export const tokenCreated = (row: AccessTokenRow, workspaceIds: string[]) =>
  tokenFact('created', row, 1, workspaceIds);
export const tokenRevoked = (row: AccessTokenRow, workspaceIds: string[]) =>
  tokenFact('revoked', row, 2, workspaceIds);
