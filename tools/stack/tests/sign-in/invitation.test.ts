// The page that an invitation's mail leads to.
import { createHash, randomBytes } from 'node:crypto';
import { newId } from '@cnap/ids';
import { afterAll, expect, test } from 'vitest';
import { startDoors } from './doors.ts';

const doors = await startDoors();
afterAll(() => doors[Symbol.asyncDispose]());

/** An invitation as identity stores it; its secret. */
async function invite(email: string, workspaceId: string, inviterId: string): Promise<string> {
  const secret = randomBytes(32).toString('base64url');
  await doors.sql(
    `insert into invitations (id, workspace_id, email, role, secret_hash, invited_by, expires_at)
     values ($1, $2, $3, 'member', $4, $5, now() + interval '1 hour')`,
    [newId('inv'), workspaceId, email, createHash('sha256').update(secret).digest(), inviterId],
  );
  return secret;
}

test('who is invited is asked to sign in, shown by whom and to what, and is a member then', async () => {
  const inviter = await doors.aPerson('Inviter');
  const client = doors.client(inviter.browser.token);
  const [{ user }, { workspaces }] = [
    await client.users.getCurrentUser({}),
    await client.workspaces.listWorkspaces({}),
  ];
  const invited = await doors.aPerson('Invited');
  const workspaceId = workspaces[0]?.id ?? '';
  const path = `/invitations/${await invite(invited.email, workspaceId, user?.id ?? '')}`;

  const nobody = await (await doors.browser().get(path)).text();
  expect(nobody).toContain('Inviter');
  expect(nobody).toContain(`/sign-in?next=${encodeURIComponent(path)}`);
  expect((await doors.browser().post(path, {})).headers.get('location')).toContain('/sign-in?next=');

  const another = await (await inviter.browser.get(path)).text();
  expect(another).toContain('The invitation is for');
  expect((await inviter.browser.post(path, {})).status).toBe(403);

  expect(await (await invited.browser.get(path)).text()).toContain('Accept the invitation');
  const accepted = await invited.browser.post(path, {});
  expect([accepted.status, await accepted.text()]).toEqual([
    200,
    expect.stringContaining('You are a member now'),
  ]);
  const mine = await doors.client(invited.browser.token).workspaces.listWorkspaces({});
  expect(mine.workspaces.map(({ id }) => id)).toContain(workspaceId);
  expect((await invited.browser.post(path, {})).status).toBe(404);
  expect((await invited.browser.get(path)).status).toBe(404);
});
