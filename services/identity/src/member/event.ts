import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { MemberEventSchema } from '@cnap/proto/cnap/identity/v1/workspace_event';
import type { MemberRow } from '../database.ts';
import { roleToProto } from '../workspace/to-proto.ts';

const memberFact = (fact: string, row: MemberRow, version: number): Fact<typeof MemberEventSchema> => ({
  service: 'identity',
  resource: 'member',
  fact,
  id: `${row.workspace_id}.${row.user_id}`,
  version,
  workspaceIds: [row.workspace_id],
  schema: MemberEventSchema,
  message: create(MemberEventSchema, {
    workspaceId: row.workspace_id,
    userId: row.user_id,
    role: roleToProto[row.role],
  }),
});

export const memberAdded = (row: MemberRow) => memberFact('added', row, Number(row.version));
export const memberChanged = (row: MemberRow) => memberFact('changed', row, Number(row.version));
export const memberRemoved = (row: MemberRow) => memberFact('removed', row, Number(row.version) + 1);
