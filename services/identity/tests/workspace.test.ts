import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { eventually, expectError } from '@cnap/testing';
import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFacts } from './facts.ts';
import { startTestIdentity, type Person } from './test-identity.ts';

const identity = await startTestIdentity();
afterAll(() => identity[Symbol.asyncDispose]());

let ada: Person;
beforeAll(async () => {
  ada = await identity.aPerson('Ada');
});

test('a workspace is made once per request id', async () => {
  const { workspaces } = identity.as(ada);
  const requestId = newId('req');
  const first = await workspaces.createWorkspace({ name: 'Twice', requestId });
  const second = await workspaces.createWorkspace({ name: 'Twice', requestId });
  expect(second).toEqual(first);
  expect(first.workspace?.role).toBe(Role.OWNER);
  await expectError(
    workspaces.createWorkspace({ name: 'Other', requestId }),
    Code.InvalidArgument,
    'REQUEST_ID_REUSED',
  );
  expect(await identity.sql(`select id from workspaces where name in ('Twice', 'Other')`)).toHaveLength(1);
});

test('the same request id of another user is another request', async () => {
  const bob = await identity.aPerson('Bob');
  const requestId = newId('req');
  const [a, b] = await Promise.all([
    identity.as(ada).workspaces.createWorkspace({ name: 'A', requestId }),
    identity.as(bob).workspaces.createWorkspace({ name: 'B', requestId }),
  ]);
  expect(a.workspace?.id).not.toBe(b.workspace?.id);
});

test('a list is read in pages, newest first', async () => {
  const cleo = await identity.aPerson('Cleo');
  const { workspaces } = identity.as(cleo);
  for (const name of ['1', '2', '3', '4']) await workspaces.createWorkspace({ name });
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await workspaces.listWorkspaces({ pageSize: 2, pageToken });
    expect(page.workspaces.length).toBeLessThanOrEqual(2);
    names.push(...page.workspaces.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(names).toEqual(['4', '3', '2', '1', "Cleo's workspace"]);
  await expectError(
    workspaces.listWorkspaces({ pageToken: 'nonsense' }),
    Code.InvalidArgument,
    'PAGE_TOKEN_INVALID',
  );
});

test('a change needs the current etag, when it names one', async () => {
  const { workspaces } = identity.as(ada);
  const id = ada.workspaceId;
  const before = (await workspaces.getWorkspace({ id })).workspace;
  const changed = (await workspaces.updateWorkspace({ id, name: 'Renamed', etag: before?.etag ?? '' }))
    .workspace;
  expect(changed).toMatchObject({ name: 'Renamed', icon: '', role: Role.OWNER });
  expect(changed?.etag).not.toBe(before?.etag);
  for (const etag of [before?.etag ?? '', 'none of ours', '9'.repeat(40)]) {
    await expectError(workspaces.updateWorkspace({ id, name: 'Late', etag }), Code.Aborted, 'ETAG_MISMATCH');
  }
  const after = (await workspaces.updateWorkspace({ id, icon: '🚂' })).workspace;
  expect(after).toMatchObject({ name: 'Renamed', icon: '🚂' });
  await expectError(workspaces.updateWorkspace({ id, name: '' }), Code.InvalidArgument);
});

test('only the workspace of the call is changed', async () => {
  const other = (await identity.as(ada).workspaces.createWorkspace({ name: 'Other' })).workspace?.id ?? '';
  await expectError(
    identity.as(ada).workspaces.updateWorkspace({ id: other, name: 'X' }),
    Code.NotFound,
    'WORKSPACE_NOT_FOUND',
  );
  await expectError(
    identity.as(ada).workspaces.deleteWorkspace({ id: other }),
    Code.NotFound,
    'WORKSPACE_NOT_FOUND',
  );
});

test('a workspace with clusters or installs is not deleted, an empty one is', async () => {
  const dan = await identity.aPerson('Dan');
  const { workspaces } = identity.as(dan);
  const id = dan.workspaceId;
  identity.peers.clusters.set(id, 2);
  identity.peers.installs.set(id, 1);
  const error = await expectError(
    workspaces.deleteWorkspace({ id }),
    Code.FailedPrecondition,
    'WORKSPACE_IN_USE',
  );
  expect(error.message).toContain('2 clusters and 1 install.');
  identity.peers.clusters.delete(id);
  identity.peers.installs.delete(id);
  await workspaces.deleteWorkspace({ id });
  await expectError(workspaces.getWorkspace({ id }), Code.NotFound, 'WORKSPACE_NOT_FOUND');
  await eventually(async () => {
    const facts = await readFacts(identity.nats);
    const own = facts.filter(({ resourceId, type }) => resourceId === id && type.includes('.workspace.'));
    expect(own.map(({ type, version }) => [type, version])).toEqual([
      ['identity.v1.workspace.created', 1],
      ['identity.v1.workspace.deleted', 2],
    ]);
    expect(own[1]?.actor).toContain(dan.userId);
  });
});

test('a workspace goes to an admin, and to nobody else', async () => {
  const [owner, admin, viewer] = [
    await identity.aPerson('Olga'),
    await identity.aPerson('Ann'),
    await identity.aPerson('Vera'),
  ];
  const id = owner.workspaceId;
  await identity.join(id, admin, 'admin');
  await identity.join(id, viewer, 'viewer');
  const { workspaces } = identity.as(owner);
  const transfer = (userId: string) => workspaces.transferWorkspace({ id, userId });
  await expectError(transfer(viewer.userId), Code.FailedPrecondition, 'NEW_OWNER_NOT_ADMIN');
  await expectError(transfer(owner.userId), Code.FailedPrecondition, 'NEW_OWNER_NOT_ADMIN');
  await expectError(transfer(newId('usr')), Code.NotFound, 'MEMBER_NOT_FOUND');
  await expectError(
    identity.as(admin, id).workspaces.transferWorkspace({ id, userId: admin.userId }),
    Code.PermissionDenied,
    'PERMISSION_DENIED',
  );

  expect((await transfer(admin.userId)).workspace?.role).toBe(Role.ADMIN);
  const { user, workspaceName } = await identity
    .asService('gateway')
    .owners.getWorkspaceOwner({ workspaceId: id });
  expect([user?.id, workspaceName]).toEqual([admin.userId, "Olga's workspace"]);
  await expectError(transfer(viewer.userId), Code.PermissionDenied, 'PERMISSION_DENIED');
  await eventually(async () => {
    const facts = await readFacts(identity.nats);
    const types = facts.filter(({ resourceId }) => resourceId.startsWith(id)).map(({ type }) => type);
    expect(types).toContain('identity.v1.ownership.transferred');
    expect(types.filter((type) => type === 'identity.v1.member.changed')).toHaveLength(2);
  });
});

test('two transfers at once leave one owner', async () => {
  const [owner, ...heirs] = [
    await identity.aPerson('Uma'),
    await identity.aPerson('Una'),
    await identity.aPerson('Ute'),
  ];
  const id = owner.workspaceId;
  for (const heir of heirs) await identity.join(id, heir, 'admin');
  // Both calls carry tokens that say owner.
  const credential = owner.secret;
  const { callerToken } = await identity
    .asService('gateway')
    .callers.resolveCaller({ credential, workspaceId: id });
  const results = await Promise.allSettled(
    heirs.map(({ userId }) =>
      identity
        .asAnybody()
        .workspaces.transferWorkspace(
          { id, userId },
          { headers: { authorization: `Bearer ${callerToken}` } },
        ),
    ),
  );
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const [refused] = results.filter((result) => result.status === 'rejected');
  await expectError(Promise.reject(refused?.reason), Code.PermissionDenied, 'PERMISSION_DENIED');
  expect(
    await identity.sql(`select 1 from members where workspace_id = $1 and role = 'owner'`, [id]),
  ).toHaveLength(1);
});
