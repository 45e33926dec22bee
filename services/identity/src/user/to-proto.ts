import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { UserSchema, type User } from '@cnap/proto/cnap/identity/v1/user';
import type { UserRow } from '../database.ts';

export const userToProto = (row: UserRow): User =>
  create(UserSchema, {
    id: row.id,
    email: row.email,
    name: row.name,
    emailVerified: row.email_verified,
    createTime: timestampFromDate(row.created_at),
    updateTime: timestampFromDate(row.updated_at),
  });
