import { create } from '@bufbuild/protobuf';
import { StringValueSchema, timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code } from '@connectrpc/connect';
import { eventsMigrations, publish, startEvents } from '@cnap/events';
import { newId } from '@cnap/ids';
import { ActorKind, CredentialKind, type AuditEntry } from '@cnap/proto/cnap/identity/v1/audit_entry';
import { Role } from '@cnap/proto/cnap/identity/v1/workspace';
import { withActor, type Actor } from '@cnap/telemetry';
import { eventually, expectError, testDatabase } from '@cnap/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestIdentity, type Person } from './test-identity.ts';

await using parts = new AsyncDisposableStack();
const identity = parts.use(await startTestIdentity());
// Another service: identity knows nothing of its messages.
const billing = parts.use(await testDatabase('billing', eventsMigrations));
const { url: natsUrl, subjectPrefix } = identity.nats;
const events = parts.use(
  await startEvents({ db: billing.db, natsUrl, subjectPrefix, service: 'billing', subscriptions: [] }),
);
const owned = parts.move();
afterAll(() => owned[Symbol.asyncDispose]());

let owner: Person, admin: Person, member: Person, viewer: Person, stranger: Person;
beforeAll(async () => {
  [owner, admin, member, viewer, stranger] = [
    await identity.aPerson('Owner'),
    await identity.aPerson('Admin'),
    await identity.aPerson('Member'),
    await identity.aPerson('Viewer'),
    await identity.aPerson('Stranger'),
  ];
  await identity.join(owner.workspaceId, admin, 'admin');
  await identity.join(owner.workspaceId, member, 'member');
  await identity.join(owner.workspaceId, viewer, 'viewer');
});

/** An order's fact, as billing publishes it; `workspaceIds` are the buyer's and the seller's. */
async function anOrder(actor: Actor | undefined, workspaceIds: string[], fact = 'open'): Promise<string> {
  const id = newId('ord');
  const write = () =>
    billing.db.acrossWorkspaces((tx) =>
      publish(tx, {
        service: 'billing',
        resource: 'order',
        fact,
        id,
        version: 1,
        workspaceIds,
        schema: StringValueSchema,
        message: create(StringValueSchema, { value: 'not for the log' }),
      }),
    );
  await (actor ? withActor(actor, write) : write());
  return id;
}

type Filter = Parameters<ReturnType<typeof identity.as>['auditEntries']['listAuditEntries']>[0];
const entriesOf = async (person: Person, filter: Filter = {}): Promise<AuditEntry[]> =>
  (await identity.as(person).auditEntries.listAuditEntries(filter)).auditEntries;
const entriesAbout = (person: Person, resourceId: string, count = 1): Promise<AuditEntry[]> =>
  eventually(async () => {
    const entries = await entriesOf(person, { resourceId });
    expect(entries).toHaveLength(count);
    return entries;
  });

test('a change by a token: who, with what, from where, and in which trace', async () => {
  const traceId = 'a'.repeat(32);
  const before = new Date();
  await identity
    .withSecret(owner.secret, owner.workspaceId, '203.0.113.7')
    .members.updateMember(
      { userId: viewer.userId, role: Role.VIEWER },
      { headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` } },
    );
  const [entry] = await entriesAbout(owner, `${owner.workspaceId}.${viewer.userId}`);
  const [token] = (await identity.as(owner).tokens.listTokens({})).tokens;
  expect(entry).toMatchObject({
    workspaceId: owner.workspaceId,
    action: 'identity.v1.member.changed',
    resourceType: 'member',
    actorKind: ActorKind.USER,
    actorId: owner.userId,
    actorEmail: 'owner@example.test',
    actorName: 'Owner',
    credentialKind: CredentialKind.TOKEN,
    credentialId: token?.id,
    credentialName: 'first',
    address: '203.0.113.7',
    traceId,
  });
  expect(entry?.id).toMatch(/^aud_/);
  expect(entry?.eventId).toMatch(/^evt_/);
  const time = entry?.occurTime ? timestampDate(entry.occurTime) : new Date(0);
  expect(time.getTime()).toBeGreaterThanOrEqual(before.getTime());
});

test('a change by a session', async () => {
  const session = newId('ses');
  const token = 's'.repeat(32);
  await identity.sql(
    `insert into sessions (id, token, user_id, expires_at) values ($1, $2, $3, now() + interval '1 year')`,
    [session, token, admin.userId],
  );
  const { workspaces } = identity.withSecret(token, owner.workspaceId, '2001:db8::7');
  await workspaces.updateWorkspace({ id: owner.workspaceId, name: 'Renamed' });
  const [entry] = await entriesAbout(owner, owner.workspaceId);
  expect(entry).toMatchObject({
    action: 'identity.v1.workspace.updated',
    actorId: admin.userId,
    actorEmail: 'admin@example.test',
    credentialKind: CredentialKind.SESSION,
    credentialId: session,
    credentialName: '',
    address: '2001:db8::7',
  });
});

test('a credential is in the log of every workspace that it opens, and of no other', async () => {
  const mate = await identity.aPerson('Mate');
  await identity.join(owner.workspaceId, mate, 'viewer');
  const { tokens, users } = identity.as(mate);
  const { token: wide } = await tokens.createToken({ name: 'wide' });
  const { token: narrow } = await tokens.createToken({ name: 'narrow', workspaceId: mate.workspaceId });
  await tokens.deleteToken({ id: wide?.id ?? '' });
  await users.updateCurrentUser({ name: 'Mate Renamed' });
  const actions = (entries: AuditEntry[]) => entries.map(({ action }) => action);
  const wideEntries = ['identity.v1.token.revoked', 'identity.v1.token.created'];
  expect(actions(await entriesAbout(mate, wide?.id ?? '', 2))).toEqual(wideEntries);
  expect(actions(await entriesAbout(owner, wide?.id ?? '', 2))).toEqual(wideEntries);
  expect(actions(await entriesAbout(mate, narrow?.id ?? ''))).toEqual(['identity.v1.token.created']);
  expect(await entriesOf(owner, { resourceId: narrow?.id ?? '' })).toEqual([]);
  for (const reader of [mate, owner]) {
    const [renamed] = await entriesAbout(reader, mate.userId);
    expect(renamed).toMatchObject({ action: 'identity.v1.user.updated', actorName: 'Mate Renamed' });
  }
});

test('a fact of another service is in the log of both its workspaces', async () => {
  const actor = { kind: 'user', id: owner.userId, credentialId: newId('tok'), address: '192.0.2.1' } as const;
  const id = await anOrder(actor, [owner.workspaceId, stranger.workspaceId]);
  const [bought] = await entriesAbout(owner, id);
  const [sold] = await entriesAbout(stranger, id);
  expect(bought).toMatchObject({
    action: 'billing.v1.order.open',
    resourceType: 'order',
    actorName: 'Owner',
  });
  expect(sold).toMatchObject({ workspaceId: stranger.workspaceId, eventId: bought?.eventId });
  expect(sold?.id).not.toBe(bought?.id);
});

test('a fact that is delivered twice is one entry', async () => {
  const actor = { kind: 'user', id: owner.userId } as const;
  const id = await anOrder(actor, [owner.workspaceId]);
  const [entry] = await entriesAbout(owner, id);
  await events.flushed();
  const connection = await connect({ servers: natsUrl });
  const manager = await jetstreamManager(connection);
  const stream = `${subjectPrefix}_CNAP_BILLING`;
  const last = await manager.streams.getMessage(stream, {
    last_by_subj: `${subjectPrefix}.billing.v1.order.open`,
  });
  const again = headers();
  for (const [name, values] of last?.header ?? []) {
    if (!name.startsWith('Nats-')) again.set(name, values[0] ?? '');
  }
  // The inbox has forgotten it, as it does after 31 days.
  await identity.sql('delete from inbox where event_id = $1', [entry?.eventId]);
  await jetstream(connection).publish(last?.subject ?? '', last?.data, { headers: again });
  await connection.close();
  await eventually(async () =>
    expect(await identity.sql('select 1 from inbox where event_id = $1', [entry?.eventId])).toHaveLength(1),
  );
  expect(await entriesOf(owner, { resourceId: id })).toEqual([entry]);
});

test('what the platform does by itself, or later on their behalf, is no entry', async () => {
  const workspaces = [owner.workspaceId];
  const ids = [
    await anOrder({ kind: 'service', id: 'billing' }, workspaces),
    await anOrder({ kind: 'user', id: owner.userId, onBehalf: true }, workspaces),
    await anOrder(undefined, workspaces),
  ];
  // It comes after them in the stream; of these none has left even an inbox row.
  await entriesAbout(owner, await anOrder({ kind: 'user', id: owner.userId }, workspaces));
  const found = await identity.sql(
    'select resource_id from inbox where resource_id = any($1) union all select resource_id from audit_entries where resource_id = any($1)',
    [ids],
  );
  expect(found).toEqual([]);
});

test.each<[string, () => Person]>([
  ['owner', () => owner],
  ['admin', () => admin],
])('the %s reads', async (_, person) => {
  const { auditEntries } = identity.as(person(), owner.workspaceId);
  expect((await auditEntries.listAuditEntries({})).auditEntries.length).toBeGreaterThan(0);
});

test.each<[string, () => Person, Code]>([
  ['member', () => member, Code.PermissionDenied],
  ['viewer', () => viewer, Code.PermissionDenied],
  ['stranger', () => stranger, Code.NotFound],
])('a %s does not', async (_, person, code) => {
  const { auditEntries } = identity.as(person(), owner.workspaceId);
  await expectError(auditEntries.listAuditEntries({}), code);
});

test('a workspace sees its own entries only, also when the WHERE is missing', async () => {
  const actor = { kind: 'user', id: owner.userId } as const;
  const theirs = await anOrder(actor, [owner.workspaceId]);
  await entriesAbout(owner, theirs);
  expect(await entriesOf(stranger, { resourceId: theirs })).toEqual([]);
  for (const entry of await entriesOf(stranger)) expect(entry.workspaceId).toBe(stranger.workspaceId);
  const rows = await identity.database.db.inWorkspace(stranger.workspaceId, (tx) =>
    tx.selectFrom('audit_entries').select('workspace_id').distinct().execute(),
  );
  expect(rows).toEqual([{ workspace_id: stranger.workspaceId }]);
});

test('newest first, in pages, and filtered', async () => {
  const buyer = await identity.aPerson('Buyer');
  const act = { kind: 'user', id: buyer.userId } as const;
  const ids: string[] = [];
  for (const fact of ['open', 'cancelled', 'open', 'refund_requested', 'open']) {
    ids.unshift(await anOrder(act, [buyer.workspaceId], fact));
  }
  await entriesAbout(buyer, ids[0] ?? '');
  const { auditEntries } = identity.as(buyer);
  const seen: AuditEntry[] = [];
  for (let pageToken = '', first = true; first || pageToken !== ''; first = false) {
    const page = await auditEntries.listAuditEntries({ pageSize: 2, pageToken });
    expect(page.auditEntries.length).toBeLessThanOrEqual(2);
    seen.push(...page.auditEntries);
    pageToken = page.nextPageToken;
  }
  expect(seen.map(({ resourceId }) => resourceId)).toEqual(ids);

  const found = async (filter: Filter) =>
    (await entriesOf(buyer, filter)).map(({ resourceId }) => ids.indexOf(resourceId));
  expect(await found({ action: 'billing.v1.order.open' })).toEqual([0, 2, 4]);
  expect(await found({ action: 'billing.v1.order' })).toEqual([0, 1, 2, 3, 4]);
  expect(await found({ action: 'billing.v1.ord' })).toEqual([]);
  expect(await found({ actorId: buyer.userId })).toEqual([0, 1, 2, 3, 4]);
  expect(await found({ actorId: owner.userId })).toEqual([]);
  const middle = seen[2]?.occurTime ?? timestampFromDate(new Date(0));
  expect(await found({ endTime: middle })).toEqual([3, 4]);
  expect(await found({ startTime: middle })).toEqual([0, 1, 2]);
  await expectError(
    auditEntries.listAuditEntries({ pageToken: 'nonsense' }),
    Code.InvalidArgument,
    'PAGE_TOKEN_INVALID',
  );
});

test.each([`update audit_entries set actor_id = 'x'`, 'delete from audit_entries', 'truncate audit_entries'])(
  'entries stay as they are: %s',
  async (text) => {
    const { db } = identity.database;
    const run = sql.raw(text);
    const refused = /append-only|permission denied/; // who may not truncate is not even asked
    await expect(db.inWorkspace(owner.workspaceId, (tx) => run.execute(tx))).rejects.toThrow(refused);
    await expect(db.acrossWorkspaces((tx) => run.execute(tx))).rejects.toThrow(refused);
    // Even the owner of the table does not do it by mistake.
    await expect(identity.sql(text)).rejects.toThrow(/append-only/);
  },
);
