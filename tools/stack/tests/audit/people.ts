import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { eventually } from '@cnap/testing';
import { idOf, type Change } from './change.ts';

const shop = (made: Record<string, string>) => idOf(made, 'workspace');

/** A workspace from its beginning to its end, and the credentials of a person. */
export const people: Change[] = [
  {
    method: 'WorkspaceService/CreateWorkspace',
    by: 'seller',
    async call({ workspaces }, traced, { made }) {
      const { workspace } = await workspaces.createWorkspace({ name: 'Second' }, traced);
      made['workspace'] = workspace?.id ?? '';
    },
    actions: ['identity.v1.workspace.created', 'identity.v1.member.added'],
    logs: ({ made }) => [shop(made)],
  },
  {
    method: 'WorkspaceService/UpdateWorkspace',
    by: 'seller',
    workspace: shop,
    call: ({ workspaces }, traced, { made }) =>
      workspaces.updateWorkspace({ id: shop(made), name: 'Renamed' }, traced),
    actions: ['identity.v1.workspace.updated'],
  },
  {
    method: 'InvitationService/CreateInvitation',
    by: 'seller',
    workspace: shop,
    call: ({ invitations }, traced, { platform }) =>
      invitations.createInvitation({ email: platform.sample.stranger.email, role: Role.MEMBER }, traced),
    actions: ['identity.v1.invitation.created'],
  },
  {
    method: 'InvitationService/AcceptInvitation',
    by: 'stranger',
    when: ({ platform, made }) =>
      eventually(async () => {
        const mail = platform.mails.mails().find(({ to }) => to.includes(platform.sample.stranger.email));
        made['secret'] = /\/invitations\/([\w-]+)/.exec(mail?.text ?? '')?.[1] ?? '';
        return idOf(made, 'secret');
      }),
    call: ({ invitations }, traced, { made }) =>
      invitations.acceptInvitation({ secret: idOf(made, 'secret') }, traced),
    actions: ['identity.v1.invitation.accepted', 'identity.v1.member.added'],
    logs: ({ made }) => [shop(made)],
  },
  {
    method: 'MemberService/UpdateMember',
    by: 'seller',
    workspace: shop,
    async call({ members }, traced, { platform, made }) {
      const { user } = await platform.as('stranger').users.getCurrentUser({});
      made['user'] = user?.id ?? '';
      await members.updateMember({ userId: idOf(made, 'user'), role: Role.ADMIN }, traced);
    },
    actions: ['identity.v1.member.changed'],
  },
  {
    method: 'WorkspaceService/TransferWorkspace',
    by: 'seller',
    workspace: shop,
    call: ({ workspaces }, traced, { made }) =>
      workspaces.transferWorkspace({ id: shop(made), userId: idOf(made, 'user') }, traced),
    actions: ['identity.v1.member.changed', 'identity.v1.ownership.transferred'],
  },
  {
    method: 'InvitationService/DeleteInvitation',
    by: 'stranger',
    workspace: shop,
    async call(client, traced, { platform, made }) {
      const there = platform.as('stranger', { workspaceId: shop(made) });
      const { invitation } = await there.invitations.createInvitation({
        email: 'nobody@example.com',
        role: Role.VIEWER,
      });
      await client.invitations.deleteInvitation({ id: invitation?.id ?? '' }, traced);
    },
    actions: ['identity.v1.invitation.deleted'],
  },
  {
    method: 'MemberService/DeleteMember',
    by: 'stranger',
    workspace: shop,
    async call({ members }, traced, { platform }) {
      const { user } = await platform.as('seller').users.getCurrentUser({});
      await members.deleteMember({ userId: user?.id ?? '' }, traced);
    },
    actions: ['identity.v1.member.removed'],
  },
  {
    method: 'TokenService/CreateToken',
    by: 'stranger',
    async call({ tokens }, traced, { made }) {
      made['token'] = (await tokens.createToken({ name: 'wide' }, traced)).token?.id ?? '';
    },
    actions: ['identity.v1.token.created'],
    logs: ({ platform, made }) => [platform.sample.stranger.workspace_id, shop(made)],
  },
  {
    method: 'TokenService/DeleteToken',
    by: 'stranger',
    call: ({ tokens }, traced, { made }) => tokens.deleteToken({ id: idOf(made, 'token') }, traced),
    actions: ['identity.v1.token.revoked'],
    logs: ({ platform, made }) => [platform.sample.stranger.workspace_id, shop(made)],
  },
  {
    method: 'UserService/UpdateCurrentUser',
    by: 'stranger',
    call: ({ users }, traced) => users.updateCurrentUser({ name: 'Another Name' }, traced),
    actions: ['identity.v1.user.updated'],
    logs: ({ platform, made }) => [platform.sample.stranger.workspace_id, shop(made)],
  },
  {
    method: 'WorkspaceService/DeleteWorkspace',
    by: 'stranger',
    workspace: shop,
    call: ({ workspaces }, traced, { made }) => workspaces.deleteWorkspace({ id: shop(made) }, traced),
    actions: ['identity.v1.workspace.deleted'],
  },
];
