import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { InvitationEventSchema } from '@cnap/proto/cnap/identity/v1/invitation_event';
import type { InvitationRow } from '../database.ts';
import { roleToProto } from '../workspace/to-proto.ts';

/** An invitation is made once and ends once. */
export const invitationFact = (
  fact: 'created' | 'accepted' | 'deleted',
  row: InvitationRow,
  userId = '',
): Fact<typeof InvitationEventSchema> => ({
  service: 'identity',
  resource: 'invitation',
  fact,
  id: row.id,
  version: fact === 'created' ? 1 : 2,
  workspaceIds: [row.workspace_id],
  schema: InvitationEventSchema,
  message: create(InvitationEventSchema, {
    invitationId: row.id,
    workspaceId: row.workspace_id,
    role: roleToProto[row.role],
    userId,
  }),
});
