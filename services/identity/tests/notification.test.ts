// E-mails from the facts of other services: to the right people, each once, and never of what has passed.
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { eventsMigrations, publish, startEvents, type Fact } from '@cnap/events';
import { newId } from '@cnap/ids';
import { PaymentMode } from '@cnap/proto/cnap/billing/v1/order';
import { OrderEventSchema } from '@cnap/proto/cnap/billing/v1/order_event';
import { SellerEventSchema } from '@cnap/proto/cnap/billing/v1/seller_event';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { eventually, testDatabase } from '@cnap/testing';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startMailServer } from './mail-server.ts';
import { startTestIdentity, type Person } from './test-identity.ts';

await using parts = new AsyncDisposableStack();
const server = parts.use(await startMailServer());
const identity = parts.use(
  await startTestIdentity(
    {},
    { CNAP_SMTP_URL: server.url, CNAP_PUBLIC_URL: 'https://cnap.example', CNAP_LEASE: '1s' },
  ),
);
const { url: natsUrl, subjectPrefix } = identity.nats;
const outboxOf = async (service: string) => {
  const { db } = parts.use(await testDatabase(service, eventsMigrations));
  parts.use(await startEvents({ db, natsUrl, subjectPrefix, service, subscriptions: [] }));
  return db;
};
const outboxes = { billing: await outboxOf('billing'), clusters: await outboxOf('clusters') };
const owned = parts.move();
afterAll(() => owned[Symbol.asyncDispose]());

let owner: Person, orderer: Person, bystander: Person, seller: Person, admin: Person, clerk: Person;
let unconfirmed: Person;
beforeAll(async () => {
  owner = await identity.aPerson('Owner');
  orderer = await identity.aPerson('Orderer');
  bystander = await identity.aPerson('Bystander');
  seller = await identity.aPerson('Seller');
  admin = await identity.aPerson('Admin');
  clerk = await identity.aPerson('Clerk');
  unconfirmed = await identity.aPerson('Unconfirmed');
  await identity.sql('update users set email_verified = false where id = $1', [unconfirmed.userId]);
  await identity.join(owner.workspaceId, orderer, 'member');
  await identity.join(owner.workspaceId, bystander, 'admin');
  await identity.join(seller.workspaceId, admin, 'admin');
  await identity.join(seller.workspaceId, unconfirmed, 'admin');
  await identity.join(seller.workspaceId, clerk, 'member');
});
afterEach(() => {
  server.received.splice(0);
  server.refusals.splice(0);
});

/** Publishes a fact, as of some time ago. */
const tell = (service: 'billing' | 'clusters', fact: Omit<Fact, 'service' | 'workspaceIds'>, agoMs = 0) =>
  outboxes[service].acrossWorkspaces(async (tx) => {
    await publish(tx, { service, workspaceIds: [], ...fact });
    if (agoMs === 0) return;
    const time = JSON.stringify(new Date(Date.now() - agoMs).toISOString());
    const { numAffectedRows } = await sql`
      update outbox set headers = jsonb_set(headers, '{ce-time}', ${time}::jsonb)
      where resource_id = ${fact.id} and headers ? 'ce-time'`.execute(tx);
    expect(numAffectedRows).toBe(1n);
  });

type Change = MessageInitShape<typeof OrderEventSchema>;
const tellOfOrder = (orderId: string, version: number, fact: string, change: Change = {}, agoMs = 0) =>
  tell(
    'billing',
    {
      resource: 'order',
      fact,
      id: orderId,
      version,
      schema: OrderEventSchema,
      message: create(OrderEventSchema, {
        orderId,
        workspaceId: owner.workspaceId,
        sellerWorkspaceId: seller.workspaceId,
        userId: orderer.userId,
        productName: 'Podinfo',
        amountTotal: 4_900n,
        currency: 'eur',
        paymentMode: PaymentMode.ONE_TIME,
        ...change,
      }),
    },
    agoMs,
  );

/** Who got what, as "seller Paid: Podinfo". */
const mails = () =>
  server.received
    .map(({ to, message }) => `${to.split('@')[0]} ${/^Subject: (.*)$/m.exec(message)?.[1]?.trim()}`)
    .toSorted();
const everybody = (subject: string) =>
  ['admin', 'orderer', 'owner', 'seller'].map((who) => `${who} ${subject}`);
const expectMails = (...wanted: string[][]) =>
  eventually(() => expect(mails()).toEqual(wanted.flat().toSorted()), { timeoutMs: 30_000 });

test('both sides hear of a sale, each person once, although facts come twice', async () => {
  const id = newId('ord');
  await tellOfOrder(id, 1, 'open');
  for (const _ of [1, 2]) await tellOfOrder(id, 2, 'authorized');
  await expectMails(everybody('Paid: Podinfo'));
  const [text] = server.to('orderer@example.test');
  expect(text?.message).toContain(`https://cnap.example/orders/${id}`);
  await tellOfOrder(id, 3, 'deploying');
  for (const _ of [1, 2]) await tellOfOrder(id, 4, 'fulfilled', { amountCaptured: 4_900n });
  await tellOfOrder(id, 2, 'authorized');
  await tellOfOrder(id, 5, 'ended', { message: 'Cancelled.' });
  await expectMails(...['Paid', 'Ready', 'Ended'].map((what) => everybody(`${what}: Podinfo`)));
});

test('what is older than what was told is not told any more', async () => {
  const id = newId('ord');
  await tellOfOrder(id, 6, 'fulfilled');
  await tellOfOrder(id, 3, 'authorized');
  await tellOfOrder(id, 5, 'delayed');
  await tellOfOrder(id, 7, 'suspended');
  await tellOfOrder(id, 9, 'fulfilled', { reason: 'PAID' });
  await tellOfOrder(id, 8, 'removal_announced');
  // Once more suspended: that is told again.
  await tellOfOrder(id, 10, 'suspended');
  await tellOfOrder(id, 11, 'ended');
  await eventually(() => expect(mails()).toEqual(expect.arrayContaining(everybody('Ended: Podinfo'))));
  const subjects = new Set(mails().map((mail) => mail.slice(mail.indexOf(' ') + 1)));
  for (const subject of ['Paid: Podinfo', 'Taking longer: Podinfo', 'To be removed in 3 days: Podinfo']) {
    expect(subjects).not.toContain(subject);
  }
  const rows = await identity.sql(`select key from identity.mails where key like $1`, [`${id}:%`]);
  expect(rows).toHaveLength(4 * 4); // ready, suspended, suspended again, ended
});

test('a mail that waits is not sent once it has passed', async () => {
  const id = newId('ord');
  server.refusals.push(...Array.from({ length: 10_000 }, () => 451));
  await tellOfOrder(id, 1, 'authorized');
  await tellOfOrder(id, 2, 'delayed');
  const waiting = () =>
    identity.sql(`select state from identity.mails where key like $1`, [`${id}:order-delayed:%`]);
  await eventually(async () =>
    expect(await waiting()).toEqual(everybody('').map(() => ({ state: 'waiting' }))),
  );
  await tellOfOrder(id, 3, 'fulfilled');
  await eventually(async () =>
    expect(await waiting()).toEqual(everybody('').map(() => ({ state: 'too late' }))),
  );
  // An attempt that had begun before goes to its end.
  const attempts = () =>
    identity.sql(
      `select t.key from identity.reconcile_task t join identity.mails m on m.id = t.key
       where m.key like $1 and t.lease_token is not null`,
      [`${id}:order-delayed:%`],
    );
  await eventually(async () => expect(await attempts()).toEqual([]));
  server.refusals.splice(0);
  await expectMails(everybody('Paid: Podinfo'), everybody('Ready: Podinfo'));
});

test('who has left, is on both sides, or was told of what is long past', async () => {
  const id = newId('ord');
  // Ordered by somebody who is no member of the buyer's workspace, and whose own it is that sells.
  await tellOfOrder(id, 1, 'authorized', { userId: seller.userId });
  await expectMails(['admin', 'owner', 'seller'].map((who) => `${who} Paid: Podinfo`));
  server.received.splice(0);
  // The buyer's owner sells it to a workspace of theirs.
  const own = newId('ord');
  await tellOfOrder(own, 1, 'authorized', { sellerWorkspaceId: owner.workspaceId });
  await expectMails(['bystander', 'orderer', 'owner'].map((who) => `${who} Paid: Podinfo`));
  const [mine] = server.to('owner@example.test');
  expect(mine?.message).toContain('Your order of Podinfo');
  server.received.splice(0);
  const old = newId('ord');
  await tellOfOrder(old, 1, 'authorized', {}, 25 * 3_600_000);
  await tellOfOrder(old, 2, 'fulfilled');
  await expectMails(everybody('Ready: Podinfo'));
});

test('those who sell hear of their clusters, each time, and of what is back only after that', async () => {
  const id = newId('clu');
  const tellOfCluster = (version: number, fact: string) =>
    tell('clusters', {
      resource: 'cluster',
      fact,
      id,
      version,
      schema: ClusterEventSchema,
      message: create(ClusterEventSchema, {
        clusterId: id,
        workspaceId: seller.workspaceId,
        name: 'prod',
        regionName: 'Frankfurt',
        stateMessage: 'connect ECONNREFUSED',
      }),
    });
  const all = (subject: string) => ['admin', 'seller'].map((who) => `${who} ${subject}`);
  await tellOfCluster(1, 'recovered');
  await tellOfCluster(2, 'unreachable');
  await expectMails(all('Cluster prod cannot be reached'));
  await tellOfCluster(3, 'updated');
  await tellOfCluster(4, 'recovered');
  await expectMails(all('Cluster prod cannot be reached'), all('Cluster prod is back'));
  await tellOfCluster(2, 'unreachable');
  await tellOfCluster(5, 'unreachable');
  await expectMails(...[1, 2].map(() => all('Cluster prod cannot be reached')), all('Cluster prod is back'));
});

test('sellers hear that payouts have stopped, unless they never came or were given up', async () => {
  const id = seller.workspaceId;
  const tellOfSeller = (version: number, payoutsEnabled: boolean, stripeAccountId = 'acct_1') =>
    tell('billing', {
      resource: 'seller',
      fact: 'enabled',
      id,
      version,
      schema: SellerEventSchema,
      message: create(SellerEventSchema, {
        workspaceId: id,
        stripeAccountId,
        chargesEnabled: true,
        payoutsEnabled,
      }),
    });
  const all = ['admin', 'seller'].map((who) => `${who} Stripe has stopped your payouts`);
  await tellOfSeller(1, false);
  await tellOfSeller(2, true);
  await tellOfSeller(3, false);
  await expectMails(all);
  await tellOfSeller(4, true);
  await tellOfSeller(5, false, '');
  await tellOfSeller(6, true);
  await tellOfSeller(7, false);
  await expectMails(all, all);
});
