import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFacts } from './facts.ts';
import { startTestIdentity, type Person } from './test-identity.ts';

const identity = await startTestIdentity();
afterAll(() => identity[Symbol.asyncDispose]());

let owner: Person, admin: Person, member: Person, viewer: Person;
let id: string;
beforeAll(async () => {
  [owner, admin, member, viewer] = [
    await identity.aPerson('Owner'),
    await identity.aPerson('Admin'),
    await identity.aPerson('Member'),
    await identity.aPerson('Viewer'),
  ];
  id = owner.workspaceId;
  await identity.join(id, admin, 'admin');
  await identity.join(id, member, 'member');
  await identity.join(id, viewer, 'viewer');
});

test('every member sees the members, oldest first, in pages', async () => {
  const { members } = identity.as(viewer, id);
  const first = await members.listMembers({ pageSize: 3 });
  const rest = await members.listMembers({ pageSize: 3, pageToken: first.nextPageToken });
  expect(rest.nextPageToken).toBe('');
  expect([...first.members, ...rest.members].map(({ email, role }) => [email, role])).toEqual([
    ['owner@example.test', Role.OWNER],
    ['admin@example.test', Role.ADMIN],
    ['member@example.test', Role.MEMBER],
    ['viewer@example.test', Role.VIEWER],
  ]);
});

test('admins change roles, members and viewers do not', async () => {
  const change = { userId: viewer.userId, role: Role.MEMBER };
  await expectError(identity.as(member, id).members.updateMember(change), Code.PermissionDenied);
  await expectError(identity.as(viewer, id).members.updateMember(change), Code.PermissionDenied);
  const { member: changed } = await identity.as(admin, id).members.updateMember(change);
  expect(changed).toMatchObject({ userId: viewer.userId, role: Role.MEMBER, email: 'viewer@example.test' });
  await identity.as(owner).members.updateMember({ userId: viewer.userId, role: Role.VIEWER });
  await eventually(async () => {
    const facts = await readFacts(identity.nats);
    const own = facts.filter(({ resourceId }) => resourceId === `${id}.${viewer.userId}`);
    expect(own.map(({ type, version }) => [type, version])).toEqual([
      ['identity.v1.member.changed', 2],
      ['identity.v1.member.changed', 3],
    ]);
  });
});

test('the owner is neither changed nor removed, and nobody becomes one', async () => {
  const { members } = identity.as(admin, id);
  await expectError(
    members.updateMember({ userId: owner.userId, role: Role.VIEWER }),
    Code.FailedPrecondition,
    'OWNER_REQUIRED',
  );
  await expectError(
    members.deleteMember({ userId: owner.userId }),
    Code.FailedPrecondition,
    'OWNER_REQUIRED',
  );
  for (const role of [Role.OWNER, Role.UNSPECIFIED, 99 as Role]) {
    await expectError(members.updateMember({ userId: viewer.userId, role }), Code.InvalidArgument);
  }
});

test('somebody who was removed has no role any more', async () => {
  const guest = await identity.aPerson('Guest');
  await identity.join(id, guest, 'member');
  expect((await identity.as(guest, id).members.listMembers({})).members).toHaveLength(5);
  await expectError(identity.as(member, id).members.deleteMember(guest), Code.PermissionDenied);
  await identity.as(admin, id).members.deleteMember({ userId: guest.userId });
  await expectError(identity.as(guest, id).members.listMembers({}), Code.NotFound, 'WORKSPACE_NOT_FOUND');
  await expectError(
    identity.as(admin, id).members.deleteMember({ userId: guest.userId }),
    Code.NotFound,
    'MEMBER_NOT_FOUND',
  );
  await expectError(
    identity.as(admin, id).members.updateMember({ userId: newId('usr'), role: Role.VIEWER }),
    Code.NotFound,
    'MEMBER_NOT_FOUND',
  );
});

test('a call that names no workspace is told so', async () => {
  const twice = await identity.aPerson('Twice');
  await identity.join(id, twice, 'viewer');
  await expectError(
    identity.withSecret(twice.secret).members.listMembers({}),
    Code.PermissionDenied,
    'WORKSPACE_REQUIRED',
  );
  await identity.as(owner).members.deleteMember({ userId: twice.userId });
});
