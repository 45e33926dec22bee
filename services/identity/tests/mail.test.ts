// Mails go out over SMTP, to a server that can be away for a while and can say no.
import { parseKeyring } from '@cnap/secrets';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { queueMail, type Mail } from '../src/mail/queue.ts';
import { startMailServer, type MailServer } from './mail-server.ts';
import { startTestIdentity, type TestIdentity } from './test-identity.ts';

const keys = `test:${Buffer.alloc(32, 9).toString('base64')}`;
let identity: TestIdentity;
let server: MailServer;

beforeAll(async () => {
  server = await startMailServer();
  identity = await startTestIdentity(
    {},
    { CNAP_SMTP_URL: server.url, CNAP_MAIL_FROM: 'CNAP <no-reply@cnap.example>', CNAP_KEYS: keys },
  );
});
afterAll(async () => {
  await identity[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const queue = (mail: Partial<Mail>) =>
  identity.database.db.acrossWorkspaces((tx) =>
    queueMail(tx, parseKeyring(keys), {
      key: 'k',
      to: 'ada@example.com',
      template: 'magic-link',
      data: { url: 'https://cnap.example/magic-link?token=canary' },
      ...mail,
    }),
  );
const stateOf = async (key: string) =>
  (await identity.sql('select state, sealed_data from identity.mails where key = $1', [key]))[0];
const to = (address: string) => server.to(address);

test('a mail with a key is sent once, and its link is kept no longer', async () => {
  await queue({ key: 'once', to: 'once@example.com' });
  await queue({ key: 'once', to: 'once@example.com' });
  await eventually(async () => expect(await stateOf('once')).toEqual({ state: 'sent', sealed_data: null }));
  expect(to('once@example.com')).toHaveLength(1);
  const [mail] = to('once@example.com');
  expect(mail?.message).toMatch(/^Message-ID: <mail_\w+@cnap\.example>/m);
  expect(mail?.message).toContain('token=3Dcanary'); // quoted-printable
  expect(mail?.message).toMatch(/text\/plain[\s\S]*text\/html/);
});

test('what is rolled back is not sent', async () => {
  await identity.database.db
    .acrossWorkspaces(async (tx) => {
      await queueMail(tx, parseKeyring(keys), {
        key: 'never',
        to: 'never@example.com',
        template: 'magic-link',
        data: {},
      });
      throw new Error('rolled back');
    })
    .catch(() => undefined);
  await queue({ key: 'after', to: 'after@example.com' });
  await eventually(() => expect(to('after@example.com')).toHaveLength(1));
  expect(to('never@example.com')).toEqual([]);
});

test('a server that is busy gets it later; one that says no is believed', async () => {
  server.refusals.push(451, 421);
  await queue({ key: 'later', to: 'later@example.com' });
  await eventually(async () => expect(await stateOf('later')).toMatchObject({ state: 'sent' }));
  expect(to('later@example.com')).toHaveLength(1);
  server.refusals.push(550);
  await queue({ key: 'refused', to: 'refused@example.com' });
  await eventually(async () =>
    expect(await stateOf('refused')).toEqual({ state: 'refused', sealed_data: null }),
  );
});

test('an address cannot make another recipient or header', async () => {
  await queue({ key: 'odd', to: 'odd@example.com' });
  await eventually(() => expect(to('odd@example.com')).toHaveLength(1));
  await queue({ key: 'evil', to: 'evil@example.com, all@example.com\r\nBcc: more@example.com' });
  await eventually(async () => expect((await stateOf('evil'))?.['state']).not.toBe('waiting'));
  expect(server.received.map((mail) => mail.to)).not.toContain('all@example.com');
  expect(server.received.map((mail) => mail.to)).not.toContain('more@example.com');
});
