import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { TokenSchema, type Token } from '@cnap/proto/cnap/identity/v1/token';
import type { AccessTokenRow } from '../database.ts';

export const tokenToProto = (row: AccessTokenRow): Token =>
  create(TokenSchema, {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    workspaceId: row.workspace_id ?? '',
    readOnly: row.read_only,
    ...(row.expires_at ? { expireTime: timestampFromDate(row.expires_at) } : {}),
    ...(row.last_used_at ? { lastUseTime: timestampFromDate(row.last_used_at) } : {}),
    createTime: timestampFromDate(row.created_at),
  });
