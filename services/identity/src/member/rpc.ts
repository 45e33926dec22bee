import type { ServiceImpl } from '@connectrpc/connect';
import type { Role } from '@cnap/auth';
import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import { pageQuery, toPage } from '@cnap/pages';
import type { MemberService } from '@cnap/proto/cnap/identity/v1/member_service';
import { workspaceOf } from '@cnap/rpc';
import type { Database, Tx } from '../database.ts';
import { roleToProto } from '../workspace/to-proto.ts';
import { memberChanged, memberRemoved } from './event.ts';
import { changeRole, deleteMember, listMembers, lockMember, type NamedMember } from './store.ts';
import { memberToProto } from './to-proto.ts';

const roleNames = new Map(Object.entries(roleToProto).map(([name, role]) => [role, name as Role]));

async function memberToChange(tx: Tx, workspaceId: string, userId: string): Promise<NamedMember> {
  const member = await lockMember(tx, workspaceId, userId);
  if (!member) throw notFound('member', userId);
  if (member.role === 'owner') {
    throw new DomainError('failed-precondition', 'OWNER_REQUIRED', 'A workspace has exactly one owner.', {
      suggestion: 'Transfer the workspace to an admin first.',
    });
  }
  return member;
}

export const memberRpc = ({ db }: { db: Database }): ServiceImpl<typeof MemberService> => ({
  async listMembers(request, context) {
    const workspaceId = workspaceOf(context);
    const page = pageQuery(request);
    const rows = await db.inWorkspace(workspaceId, (tx) => listMembers(tx, workspaceId, page));
    const result = toPage(rows, page, (row) => ({ time: row.created_at, id: row.user_id }));
    return { members: result.rows.map(memberToProto), nextPageToken: result.nextPageToken };
  },

  async updateMember({ userId, role }, context) {
    const workspaceId = workspaceOf(context);
    const row = await db.inWorkspace(workspaceId, async (tx) => {
      const member = await memberToChange(tx, workspaceId, userId);
      const changed = await changeRole(tx, workspaceId, userId, roleNames.get(role) ?? member.role);
      if (!changed) throw notFound('member', userId);
      await publish(tx, memberChanged(changed));
      return { ...member, ...changed };
    });
    return { member: memberToProto(row) };
  },

  async deleteMember({ userId }, context) {
    const workspaceId = workspaceOf(context);
    await db.inWorkspace(workspaceId, async (tx) => {
      await memberToChange(tx, workspaceId, userId);
      const removed = await deleteMember(tx, workspaceId, userId);
      if (removed) await publish(tx, memberRemoved(removed));
    });
    return {};
  },
});
