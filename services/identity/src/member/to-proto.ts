import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { MemberSchema, type Member } from '@cnap/proto/cnap/identity/v1/member';
import { roleToProto } from '../workspace/to-proto.ts';
import type { NamedMember } from './store.ts';

export const memberToProto = (row: NamedMember): Member =>
  create(MemberSchema, {
    userId: row.user_id,
    email: row.email,
    name: row.name,
    role: roleToProto[row.role],
    createTime: timestampFromDate(row.created_at),
  });
