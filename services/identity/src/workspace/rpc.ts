import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import { pageQuery, toPage } from '@cnap/pages';
import { firstResult } from '@cnap/postgres';
import {
  CreateWorkspaceRequestSchema,
  CreateWorkspaceResponseSchema,
  type WorkspaceService,
} from '@cnap/proto/cnap/identity/v1/workspace_service';
import { userOf, workspaceOf } from '@cnap/rpc';
import { etagMismatch, repeatable } from '@cnap/service';
import { memberChanged } from '../member/event.ts';
import { changeRole, lockMember } from '../member/store.ts';
import { whileClosed, type ClosingDeps } from './closing.ts';
import { ownershipTransferred, workspaceDeleted, workspaceUpdated } from './event.ts';
import { admits, refuseRestricted } from '../token/restriction.ts';
import { restrictionOf } from '../token/store.ts';
import { makeWorkspace } from './make-workspace.ts';
import { deleteWorkspace, findWorkspace, listWorkspaces, updateWorkspace } from './store.ts';
import { workspaceToProto } from './to-proto.ts';

/** The workspace of the call, which must be the one that the request names. */
function workspaceOfCall(context: Parameters<typeof workspaceOf>[0], id: string): string {
  if (workspaceOf(context) !== id) throw notFound('workspace', id);
  return id;
}

const ownerOnly = () =>
  new DomainError('permission-denied', 'PERMISSION_DENIED', 'Only the owner can transfer a workspace.');

export const workspaceRpc = ({ db, ...closing }: ClosingDeps): ServiceImpl<typeof WorkspaceService> => ({
  async getWorkspace({ id }, context) {
    const { userId, credentialId } = userOf(context);
    const row = await db.acrossWorkspaces(async (tx) =>
      admits(await restrictionOf(tx, credentialId), id) ? findWorkspace(tx, id, userId) : undefined,
    );
    if (!row) throw notFound('workspace', id);
    return { workspace: workspaceToProto(row) };
  },

  async listWorkspaces(request, context) {
    const { userId, credentialId } = userOf(context);
    const page = pageQuery(request);
    const rows = await db.acrossWorkspaces(async (tx) =>
      listWorkspaces(tx, userId, await restrictionOf(tx, credentialId), page),
    );
    const result = toPage(rows, page, (row) => ({ time: row.created_at, id: row.id }));
    return { workspaces: result.rows.map(workspaceToProto), nextPageToken: result.nextPageToken };
  },

  async createWorkspace(request, context) {
    const { userId, credentialId } = userOf(context);
    return db.acrossWorkspaces(async (tx) => {
      await refuseRestricted(tx, credentialId);
      return firstResult(
        tx,
        repeatable(context, userId, CreateWorkspaceRequestSchema, request, CreateWorkspaceResponseSchema),
        async () =>
          create(CreateWorkspaceResponseSchema, {
            workspace: workspaceToProto(
              await makeWorkspace(tx, { name: request.name, icon: request.icon }, userId),
            ),
          }),
      );
    });
  },

  async updateWorkspace({ id, name, icon, etag }, context) {
    const workspaceId = workspaceOfCall(context, id);
    const { userId } = userOf(context);
    const change = { ...(name === undefined ? {} : { name }), ...(icon === undefined ? {} : { icon }) };
    const row = await db.inWorkspace(workspaceId, async (tx) => {
      const before = await findWorkspace(tx, id, userId);
      if (!before) throw notFound('workspace', id);
      const changed = await updateWorkspace(tx, id, change, etag);
      if (!changed) throw etagMismatch('workspace');
      await publish(tx, workspaceUpdated(changed));
      return { ...changed, role: before.role };
    });
    return { workspace: workspaceToProto(row) };
  },

  async deleteWorkspace({ id }, context) {
    const workspaceId = workspaceOfCall(context, id);
    await whileClosed({ db, ...closing }, workspaceId, async (tx) => {
      const row = await deleteWorkspace(tx, workspaceId);
      if (row) await publish(tx, workspaceDeleted(row));
    });
    return {};
  },

  async transferWorkspace({ id, userId }, context) {
    const workspaceId = workspaceOfCall(context, id);
    const owner = userOf(context).userId;
    const row = await db.inWorkspace(workspaceId, async (tx) => {
      // A caller token may be a minute older than another transfer.
      const current = await lockMember(tx, workspaceId, owner);
      if (current?.role !== 'owner') throw ownerOnly();
      const heir = await lockMember(tx, workspaceId, userId);
      if (!heir) throw notFound('member', userId);
      if (heir.role !== 'admin') {
        throw new DomainError(
          'failed-precondition',
          'NEW_OWNER_NOT_ADMIN',
          'Only an admin can become the owner.',
          {
            suggestion: 'Make the member an admin first.',
          },
        );
      }
      // The old owner first: at every moment at most one row has that role.
      for (const [member, role] of [
        [owner, 'admin'],
        [userId, 'owner'],
      ] as const) {
        const changed = await changeRole(tx, workspaceId, member, role);
        if (changed) await publish(tx, memberChanged(changed));
      }
      const changed = await updateWorkspace(tx, id, {}, '');
      if (!changed) throw notFound('workspace', id);
      await publish(tx, ownershipTransferred(changed, userId, owner));
      return { ...changed, role: 'admin' as const };
    });
    return { workspace: workspaceToProto(row) };
  },
});
