import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { UserEventSchema } from '@cnap/proto/cnap/identity/v1/user_event';
import type { UserRow } from '../database.ts';

/** The members of the user's workspaces see the name. */
export const userUpdated = (row: UserRow, workspaceIds: string[]): Fact<typeof UserEventSchema> => ({
  service: 'identity',
  resource: 'user',
  fact: 'updated',
  id: row.id,
  version: Number(row.version),
  workspaceIds,
  schema: UserEventSchema,
  message: create(UserEventSchema, { userId: row.id, name: row.name }),
});
