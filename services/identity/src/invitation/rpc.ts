import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { DomainError, notFound } from '@cnap/errors';
import { publish } from '@cnap/events';
import { newId } from '@cnap/ids';
import { pageQuery, toPage } from '@cnap/pages';
import { firstResult } from '@cnap/postgres';
import { InvitationSchema, type Invitation } from '@cnap/proto/cnap/identity/v1/invitation';
import {
  CreateInvitationRequestSchema,
  CreateInvitationResponseSchema,
  type InvitationService,
} from '@cnap/proto/cnap/identity/v1/invitation_service';
import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { callerOf, userOf, workspaceOf } from '@cnap/rpc';
import type { Keyring } from '@cnap/secrets';
import { repeatable } from '@cnap/service';
import type { Database, InvitationRow } from '../database.ts';
import { queueMail } from '../mail/queue.ts';
import { addressSubject, takeFrom } from '../rate-limit/limit.ts';
import { refuseRestricted } from '../token/restriction.ts';
import { roleToProto } from '../workspace/to-proto.ts';
import { acceptInvitation, invitationNotFound } from './accept.ts';
import { invitationFact } from './event.ts';
import {
  deleteInvitation,
  hashInvitationSecret,
  isMemberByEmail,
  listInvitations,
  lockInvitation,
  newInvitationSecret,
  replaceInvitation,
} from './store.ts';

const goodForMs = 7 * 24 * 3_600_000;

type Deps = { db: Database; keyring: Keyring; publicUrl: string; sendsMail: boolean; now: () => Date };

const roles: Partial<Record<Role, InvitationRow['role']>> = {
  [Role.ADMIN]: 'admin',
  [Role.MEMBER]: 'member',
  [Role.VIEWER]: 'viewer',
};

const invitationToProto = (row: InvitationRow): Invitation =>
  create(InvitationSchema, {
    id: row.id,
    workspaceId: row.workspace_id,
    email: row.email,
    role: roleToProto[row.role],
    expireTime: timestampFromDate(row.expires_at),
    createTime: timestampFromDate(row.created_at),
  });

export function invitationRpc({
  db,
  keyring,
  publicUrl,
  sendsMail,
  now,
}: Deps): ServiceImpl<typeof InvitationService> {
  /** Nobody tries secrets one after the other. */
  const takeTry = (caller: ReturnType<typeof callerOf>) =>
    takeFrom(
      db,
      'invitation secret by address',
      addressSubject((caller.kind === 'service' ? undefined : caller.address) ?? 'unknown'),
    );

  return {
    async listInvitations(request, context) {
      const workspaceId = workspaceOf(context);
      const page = pageQuery(request);
      const rows = await db.inWorkspace(workspaceId, (tx) => listInvitations(tx, workspaceId, now(), page));
      const result = toPage(rows, page, (row) => ({ time: row.created_at, id: row.id }));
      return { invitations: result.rows.map(invitationToProto), nextPageToken: result.nextPageToken };
    },

    async createInvitation(request, context) {
      const workspaceId = workspaceOf(context);
      const { userId, name: inviter } = userOf(context);
      if (!sendsMail) {
        throw new DomainError('unavailable', 'MAIL_UNAVAILABLE', 'This platform sends no e-mail.', {
          suggestion: 'Its operator sets CNAP_SMTP_URL.',
        });
      }
      await takeFrom(db, 'invitation by workspace', workspaceId);
      const email = request.email.toLowerCase();
      return db.inWorkspace(workspaceId, (tx) =>
        firstResult(
          tx,
          repeatable(
            context,
            workspaceId,
            CreateInvitationRequestSchema,
            request,
            CreateInvitationResponseSchema,
          ),
          async () => {
            if (await isMemberByEmail(tx, workspaceId, email)) {
              throw new DomainError(
                'already-exists',
                'MEMBER_ALREADY_EXISTS',
                'This person is a member already.',
              );
            }
            const secret = newInvitationSecret();
            const row = await replaceInvitation(tx, {
              id: newId('inv'),
              workspace_id: workspaceId,
              email,
              role: roles[request.role] ?? 'viewer',
              secret_hash: hashInvitationSecret(secret),
              invited_by: userId,
              expires_at: new Date(now().getTime() + goodForMs),
            });
            await publish(tx, invitationFact('created', row));
            const { name: workspace } = await tx
              .selectFrom('workspaces')
              .select('name')
              .where('id', '=', workspaceId)
              .executeTakeFirstOrThrow();
            await queueMail(tx, keyring, {
              key: `invitation:${row.id}`,
              to: email,
              template: 'invitation',
              data: {
                inviter,
                workspace,
                role: row.role,
                url: new URL(`/invitations/${secret}`, publicUrl).href,
              },
            });
            return create(CreateInvitationResponseSchema, { invitation: invitationToProto(row) });
          },
        ),
      );
    },

    async deleteInvitation({ id }, context) {
      const workspaceId = workspaceOf(context);
      await db.inWorkspace(workspaceId, async (tx) => {
        const row = await deleteInvitation(tx, workspaceId, id);
        if (!row) throw notFound('invitation', id);
        await publish(tx, invitationFact('deleted', row));
      });
      return {};
    },

    async getInvitation({ secret }, context) {
      await takeTry(callerOf(context));
      const found = await db.acrossWorkspaces((tx) => lockInvitation(tx, secret, now()));
      if (!found) throw invitationNotFound();
      return {
        invitation: invitationToProto(found),
        workspaceName: found.workspace_name,
        inviterName: found.inviter_name,
      };
    },

    async acceptInvitation({ secret }, context) {
      const { userId, credentialId } = userOf(context);
      await takeTry(callerOf(context));
      const accepted = await db.acrossWorkspaces(async (tx) => {
        await refuseRestricted(tx, credentialId);
        return acceptInvitation(tx, secret, userId, now());
      });
      return { workspaceId: accepted.workspace_id };
    },
  };
}
