import { create } from '@bufbuild/protobuf';
import type { Fact } from '@cnap/events';
import { OwnershipEventSchema, WorkspaceEventSchema } from '@cnap/proto/cnap/identity/v1/workspace_event';
import type { WorkspaceRow } from '../database.ts';

const workspaceFact = (fact: string, row: WorkspaceRow): Fact<typeof WorkspaceEventSchema> => ({
  service: 'identity',
  resource: 'workspace',
  fact,
  id: row.id,
  version: Number(row.version),
  workspaceIds: [row.id],
  schema: WorkspaceEventSchema,
  message: create(WorkspaceEventSchema, { workspaceId: row.id, name: row.name }),
});

export const workspaceCreated = (row: WorkspaceRow) => workspaceFact('created', row);
export const workspaceUpdated = (row: WorkspaceRow) => workspaceFact('updated', row);
export const workspaceDeleted = (row: WorkspaceRow) =>
  workspaceFact('deleted', { ...row, version: String(Number(row.version) + 1) });

export const ownershipTransferred = (
  row: WorkspaceRow,
  userId: string,
  previousUserId: string,
): Fact<typeof OwnershipEventSchema> => ({
  service: 'identity',
  resource: 'ownership',
  fact: 'transferred',
  id: row.id,
  version: Number(row.version),
  workspaceIds: [row.id],
  schema: OwnershipEventSchema,
  message: create(OwnershipEventSchema, { workspaceId: row.id, userId, previousUserId }),
});
