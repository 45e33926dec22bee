import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Role as RoleName } from '@cnap/auth';
import { Role, WorkspaceSchema, type Workspace } from '@cnap/proto/cnap/identity/v1/workspace';
import type { WorkspaceOfUser } from './store.ts';

export const roleToProto: Record<RoleName, Role> = {
  owner: Role.OWNER,
  admin: Role.ADMIN,
  member: Role.MEMBER,
  viewer: Role.VIEWER,
};

export const workspaceToProto = (row: WorkspaceOfUser): Workspace =>
  create(WorkspaceSchema, {
    id: row.id,
    name: row.name,
    icon: row.icon,
    role: roleToProto[row.role],
    etag: row.version,
    createTime: timestampFromDate(row.created_at),
    updateTime: timestampFromDate(row.updated_at),
  });
