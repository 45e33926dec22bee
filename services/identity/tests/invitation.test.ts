import { Code } from '@connectrpc/connect';
import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startMailServer, type MailServer } from './mail-server.ts';
import { startTestIdentity, type Person, type TestIdentity } from './test-identity.ts';

let mails: MailServer;
let identity: TestIdentity;
let owner: Person, admin: Person, member: Person, guest: Person;
let time = new Date();
beforeAll(async () => {
  mails = await startMailServer();
  identity = await startTestIdentity({ now: () => time }, { CNAP_SMTP_URL: mails.url });
  [owner, admin, member] = [
    await identity.aPerson('Owner'),
    await identity.aPerson('Admin'),
    await identity.aPerson('Member'),
  ];
  await identity.join(owner.workspaceId, admin, 'admin');
  await identity.join(owner.workspaceId, member, 'member');
});
afterAll(async () => {
  await identity[Symbol.asyncDispose]();
  await mails[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  time = new Date();
  guest = await identity.aPerson(`Guest${(count += 1)}`);
  await identity.sql('update users set email_verified = true where id = $1', [guest.userId]);
});

const emailOf = async ({ userId }: Person): Promise<string> =>
  String((await identity.sql('select email from users where id = $1', [userId]))[0]?.['email']);
const as = (person: Person) => identity.as(person, owner.workspaceId).invitations;
/** Invites, and returns the secret that came by mail. */
async function invite(person: Person, role: Role = Role.MEMBER): Promise<string> {
  const email = await emailOf(person);
  const before = mails.to(email).length;
  await as(admin).createInvitation({ email: email.toUpperCase(), role });
  await eventually(() => expect(mails.to(email)).toHaveLength(before + 1));
  return new URL(mails.linkTo(email)).pathname.split('/').at(-1) ?? '';
}
const rolesOf = (person: Person) =>
  identity.sql('select role from members where workspace_id = $1 and user_id = $2', [
    owner.workspaceId,
    person.userId,
  ]);

test('a person who is invited by mail becomes a member, once', async () => {
  const secret = await invite(guest, Role.VIEWER);
  expect(await identity.as(guest).invitations.getInvitation({ secret })).toMatchObject({
    inviterName: 'Admin',
    invitation: { role: Role.VIEWER, workspaceId: owner.workspaceId },
  });
  const { workspaceId } = await identity.as(guest).invitations.acceptInvitation({ secret });
  expect(workspaceId).toBe(owner.workspaceId);
  expect(await rolesOf(guest)).toEqual([{ role: 'viewer' }]);
  await expectError(
    identity.as(guest).invitations.acceptInvitation({ secret }),
    Code.NotFound,
    'INVITATION_NOT_FOUND',
  );
  const facts = await identity.sql(
    `select subject from outbox where subject like '%invitation%' or subject like '%member.added' order by position desc limit 3`,
  );
  expect(facts.map(({ subject }) => String(subject).split('.').slice(-2).join('.')).toSorted()).toEqual([
    'invitation.accepted',
    'invitation.created',
    'member.added',
  ]);
});

test('ten acceptances at once are one', async () => {
  const secret = await invite(guest);
  const accepted = await Promise.allSettled(
    Array.from({ length: 10 }, () => identity.as(guest).invitations.acceptInvitation({ secret })),
  );
  expect(accepted.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await rolesOf(guest)).toHaveLength(1);
});

test('it is for the invited, confirmed address alone', async () => {
  const secret = await invite(guest);
  const other = await identity.aPerson('Other');
  await expectError(
    identity.as(other).invitations.acceptInvitation({ secret }),
    Code.PermissionDenied,
    'INVITATION_NOT_YOURS',
  );
  await identity.sql('update users set email_verified = false where id = $1', [guest.userId]);
  await expectError(
    identity.as(guest).invitations.acceptInvitation({ secret }),
    Code.FailedPrecondition,
    'EMAIL_NOT_VERIFIED',
  );
  expect(await rolesOf(guest)).toEqual([]);
});

test('one that is older than 7 days, taken back or replaced is none', async () => {
  const first = await invite(guest);
  const second = await invite(guest);
  const get = (secret: string) => identity.as(guest).invitations.getInvitation({ secret });
  await expectError(get(first), Code.NotFound, 'INVITATION_NOT_FOUND');
  const { invitations } = await as(admin).listInvitations({});
  const mine = invitations.filter(({ email }) => email.startsWith('guest'));
  time = new Date(Date.now() + 7 * 24 * 3_600_000 + 1_000);
  await expectError(get(second), Code.NotFound, 'INVITATION_NOT_FOUND');
  time = new Date();
  expect(await get(second)).toMatchObject({ invitation: { id: mine[0]?.id } });
  await as(admin).deleteInvitation({ id: mine[0]?.id ?? '' });
  await expectError(get(second), Code.NotFound, 'INVITATION_NOT_FOUND');
});

test('only admins and the owner invite and take back; nobody is invited as owner', async () => {
  const email = await emailOf(guest);
  const { invitation } = await as(owner).createInvitation({ email, role: Role.ADMIN });
  await expectError(as(member).createInvitation({ email, role: Role.MEMBER }), Code.PermissionDenied);
  expect((await as(member).listInvitations({})).invitations.map(({ id }) => id)).toContain(invitation?.id);
  await expectError(as(member).deleteInvitation({ id: invitation?.id ?? '' }), Code.PermissionDenied);
  await expectError(as(guest).listInvitations({}), Code.NotFound);
  await expectError(as(owner).createInvitation({ email, role: Role.OWNER }), Code.InvalidArgument);
  await expectError(
    identity.as(guest).invitations.deleteInvitation({ id: invitation?.id ?? '' }),
    Code.NotFound,
  );
  const memberEmail = await emailOf(member);
  await expectError(
    as(owner).createInvitation({ email: memberEmail, role: Role.VIEWER }),
    Code.AlreadyExists,
    'MEMBER_ALREADY_EXISTS',
  );
});

test('the same request invites once, and the secret stands nowhere in clear', async () => {
  const email = await emailOf(guest);
  const request = { email, role: Role.MEMBER, requestId: 'once' };
  const [one, two] = [await as(admin).createInvitation(request), await as(admin).createInvitation(request)];
  expect(two).toEqual(one);
  await eventually(() => expect(mails.to(email)).toHaveLength(1));
  const secret = new URL(mails.linkTo(email)).pathname.split('/').at(-1) ?? '';
  expect(secret).toHaveLength(43);
  const tables = await identity.sql(
    `select to_jsonb(i)::text as text from invitations i union all select to_jsonb(o)::text from outbox o
     union all select to_jsonb(m)::text from mails m`,
  );
  expect(tables.filter(({ text }) => String(text).includes(secret))).toEqual([]);
});
