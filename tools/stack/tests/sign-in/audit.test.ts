import type { CnapClient } from '@cnap/client';
import { CredentialKind, type AuditEntry } from '@cnap/proto/cnap/identity/v1/audit_entry';
import { eventually } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';
import { startDoors } from './doors.ts';

const doors = await startDoors();
afterAll(() => doors[Symbol.asyncDispose]());

/** The entries of an action, newest first, when there are so many. */
const entries = (client: CnapClient, action: string, count: number): Promise<AuditEntry[]> =>
  eventually(async () => {
    const { auditEntries } = await client.auditEntries.listAuditEntries({ action });
    expect(auditEntries).toHaveLength(count);
    return auditEntries;
  });

test('signing in, signing out and ending a session are in the log, with the session and the address', async () => {
  const { email, password, browser } = await doors.aPerson('Ada');
  const client = doors.client(browser.token);
  const userId = (await client.users.getCurrentUser({})).user?.id ?? '';
  const [workspace] = await entries(client, 'identity.v1.workspace.created', 1);
  expect(workspace).toMatchObject({ actorId: userId, actorEmail: email });

  const [first] = await entries(client, 'identity.v1.session.created', 1);
  expect(first).toMatchObject({
    actorId: userId,
    actorEmail: email,
    credentialKind: CredentialKind.SESSION,
    resourceType: 'session',
    address: expect.stringMatching(/\S/),
    traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  expect(first?.credentialId).toBe(first?.resourceId);

  const phone = doors.browser();
  await phone.post('/sign-in', { email, password });
  const [second] = await entries(client, 'identity.v1.session.created', 2);
  await browser.post('/account/sessions', { id: second?.resourceId ?? '' });
  const [ended] = await entries(client, 'identity.v1.session.revoked', 1);
  expect(ended).toMatchObject({
    resourceId: second?.resourceId,
    actorId: userId,
    credentialId: first?.resourceId,
    address: first?.address,
  });

  const tablet = doors.browser();
  await tablet.post('/sign-in', { email, password });
  const [third] = await entries(client, 'identity.v1.session.created', 3);
  await tablet.post('/sign-out', {});
  const [left] = await entries(client, 'identity.v1.session.revoked', 2);
  expect(left).toMatchObject({ resourceId: third?.resourceId, credentialId: third?.resourceId });
});

test('a new password is in the log: set by who is signed in, and by who follows the link in a mail', async () => {
  const { email, password, browser } = await doors.aPerson('Bob');
  const client = doors.client(browser.token);
  const [session] = await entries(client, 'identity.v1.session.created', 1);
  const wrong = await browser.json('/api/auth/change-password', {
    currentPassword: 'not the password',
    newPassword: 'a newer password',
  });
  expect(wrong.status).toBe(400);
  const changed = await browser.json('/api/auth/change-password', {
    currentPassword: password,
    newPassword: 'a newer password',
  });
  expect(changed.status).toBe(200);
  const [own] = await entries(client, 'identity.v1.password.changed', 1);
  expect(own).toMatchObject({
    actorEmail: email,
    credentialId: session?.resourceId,
    resourceId: own?.actorId,
  });

  const visitor = doors.browser();
  await visitor.post('/forgot-password', { email });
  const token = new URL(doors.linkTo(email, 'reset-password')).searchParams.get('token') ?? '';
  await visitor.post('/reset-password', { token, password: 'the newest password' });
  await visitor.post('/sign-in', { email, password: 'the newest password' });
  const back = doors.client(visitor.token);
  const [reset] = await entries(back, 'identity.v1.password.changed', 2);
  expect(reset).toMatchObject({
    actorId: own?.actorId,
    credentialId: '',
    address: expect.stringMatching(/\S/),
  });
  // A new password ends the sessions of the old one.
  const [ended] = await entries(back, 'identity.v1.session.revoked', 1);
  expect(ended).toMatchObject({ resourceId: session?.resourceId, actorId: own?.actorId });
});
