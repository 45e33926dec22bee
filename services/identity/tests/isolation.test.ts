import { Code } from '@connectrpc/connect';
import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { expectError } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestIdentity, type Clients, type Person } from './test-identity.ts';

const identity = await startTestIdentity();
afterAll(() => identity[Symbol.asyncDispose]());

let owner: Person, viewer: Person, stranger: Person;
beforeAll(async () => {
  [owner, viewer, stranger] = [
    await identity.aPerson('Owner'),
    await identity.aPerson('Viewer'),
    await identity.aPerson('Stranger'),
  ];
  await identity.join(owner.workspaceId, viewer, 'viewer');
});

const everything = () =>
  identity.sql(`
    select 'w' as kind, to_jsonb(w) as row from workspaces w where id = '${owner.workspaceId}'
    union all select 'm', to_jsonb(m) from members m where workspace_id = '${owner.workspaceId}' order by 1, 2`);

const calls: [string, (clients: Clients) => Promise<unknown>][] = [
  ['GetWorkspace', ({ workspaces }) => workspaces.getWorkspace({ id: owner.workspaceId })],
  [
    'UpdateWorkspace',
    ({ workspaces }) => workspaces.updateWorkspace({ id: owner.workspaceId, name: 'mine' }),
  ],
  ['DeleteWorkspace', ({ workspaces }) => workspaces.deleteWorkspace({ id: owner.workspaceId })],
  [
    'TransferWorkspace',
    ({ workspaces }) => workspaces.transferWorkspace({ id: owner.workspaceId, userId: stranger.userId }),
  ],
  ['UpdateMember', ({ members }) => members.updateMember({ userId: viewer.userId, role: Role.ADMIN })],
  ['DeleteMember', ({ members }) => members.deleteMember({ userId: viewer.userId })],
];

describe.each(calls)('%s', (_, call) => {
  test('from another workspace finds nothing and does nothing', async () => {
    const before = await everything();
    await expectError(call(identity.as(stranger)), Code.NotFound);
    expect(await everything()).toEqual(before);
  });

  test('naming a workspace of others finds nothing and does nothing', async () => {
    const before = await everything();
    await expectError(call(identity.as(stranger, owner.workspaceId)), Code.NotFound, 'WORKSPACE_NOT_FOUND');
    expect(await everything()).toEqual(before);
  });
});

test('lists hold the own workspaces and members only', async () => {
  const clients = identity.as(stranger);
  const { workspaces } = await clients.workspaces.listWorkspaces({});
  expect(workspaces.map(({ id }) => id)).toEqual([stranger.workspaceId]);
  const { members } = await clients.members.listMembers({});
  expect(members.map(({ userId }) => userId)).toEqual([stranger.userId]);
});

test('row-level security holds when the WHERE is missing', async () => {
  const { db } = identity.database;
  const { workspaces, members, changed } = await db.inWorkspace(stranger.workspaceId, async (tx) => ({
    workspaces: await tx.selectFrom('workspaces').select('id').execute(),
    members: await tx.selectFrom('members').select('user_id').execute(),
    changed: await tx.updateTable('members').set({ role: 'owner' }).execute(),
  }));
  expect(workspaces).toEqual([{ id: stranger.workspaceId }]);
  expect(members).toEqual([{ user_id: stranger.userId }]);
  expect(changed.map(({ numUpdatedRows }) => numUpdatedRows)).toEqual([1n]);
  await expect(
    db.inWorkspace(stranger.workspaceId, (tx) =>
      tx
        .insertInto('members')
        .values({ workspace_id: owner.workspaceId, user_id: stranger.userId, role: 'admin' })
        .execute(),
    ),
  ).rejects.toThrow(/row-level security/);
});
