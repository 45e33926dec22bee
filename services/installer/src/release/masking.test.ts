import { expect, test } from 'vitest';
import { isSecretName, maskAt, maskLoosely, maskObject, maskText, masked, secretWords } from './masking.ts';

const password = 'correct horse battery';
const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login' },
  stringData: { plain: password },
  data: { packed: Buffer.from('another secret').toString('base64'), short: 'YWI=' },
};

test('what Secrets hold is known as text and as base64; short values are no words', () => {
  const words = secretWords([secret, { ...secret, kind: 'ConfigMap' }]);
  expect(words).toEqual(
    expect.arrayContaining([password, 'another secret', Buffer.from('another secret').toString('base64')]),
  );
  expect(words).not.toContain('ab');
  expect(maskText(`postgres://app:${password}@db`, words)).toBe(`postgres://app:${masked}@db`);
});

test('a Secret shows its keys only', () => {
  const shown = maskObject('Secret', secret, []);
  expect(shown).toMatchObject({
    metadata: { name: 'login' },
    data: { packed: masked, short: masked },
    stringData: { plain: masked },
  });
});

test('values are hidden by the names of their fields and entries', () => {
  const shown = maskObject(
    'Deployment',
    {
      env: [
        { name: 'DB_PASSWORD', value: 'x' },
        { name: 'HOST', value: 'y' },
        { name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'login', key: 'k' } } },
      ],
      auth: { token: 't', tokenPath: '/var/run', secretName: 'login' },
    },
    [],
  );
  expect(shown).toEqual({
    env: [
      { name: 'DB_PASSWORD', value: masked },
      { name: 'HOST', value: 'y' },
      { name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'login', key: 'k' } } },
    ],
    auth: { token: masked, tokenPath: '/var/run', secretName: 'login' },
  });
});

test('a copy of an object that a tool keeps in an annotation is hidden as a whole', () => {
  const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{}}', note: 'seen' };
  expect(maskObject('ConfigMap', { metadata: { annotations } }, [])).toEqual({
    metadata: {
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': masked, note: 'seen' },
    },
  });
});

test.each([
  ['Secret', '.data.user', 'dXNlcg=='],
  ['Secret', '.stringData["a.b"]', 'x'],
  ['Deployment', '.spec.template.spec.containers[name=web].env[name=DB_PASSWORD].value', 'x'],
  ['Widget', '.spec.adminPassword', 'x'],
  ['ConfigMap', '.data["api-key"]', 'x'],
])('%s %s is hidden', (kind, path, value) => {
  expect(maskAt(kind, path, value, [])).toBe(masked);
});

test('a value beside a secret is shown', () => {
  expect(maskAt('Deployment', '.spec.replicas', 3, [])).toBe(3);
  expect(maskAt('Secret', '.metadata.labels.app', 'web', [])).toBe('web');
  expect(isSecretName('secretName')).toBe(false);
});

test('what is secret in a file of a Secret is known alone; a user’s name is an ordinary word', () => {
  const words = secretWords([
    {
      ...secret,
      stringData: {
        username: 'postgres',
        'app.ini': 'host = database\npassword = "hunter2hunter2"\n',
        url: 'amqp://user:longpassword@queue/vhost',
      },
      data: {},
    },
  ]);
  expect(words).toEqual(expect.arrayContaining(['hunter2hunter2', 'longpassword']));
  expect(words).not.toContain('postgres');
  expect(words).not.toContain('database');
});

test('other facts are words, too, as they are and in base64', () => {
  const words = secretWords([], ['an answer', 123456789, undefined, 'abc']);
  expect(words).toEqual(
    expect.arrayContaining(['an answer', '123456789', Buffer.from('an answer').toString('base64')]),
  );
  expect(words).not.toContain('abc');
});

test.each([
  ['password=hunter2 user=me', `password=${masked} user=me`],
  ['{"apiKey": "abc", "size": 3}', `{"apiKey": "${masked}", "size": 3}`],
  ['Authorization: Bearer abcdefgh.ijk', `Authorization: Bearer ${masked}`],
  ['connecting to postgres://app:pw@db/shop', `connecting to postgres://app:${masked}@db/shop`],
  ['the password is wrong; secretName: login', 'the password is wrong; secretName: login'],
  ['http://example.com:8080/path', 'http://example.com:8080/path'],
])('in what others wrote, %s', (text, shown) => {
  expect(maskLoosely(text, [])).toBe(shown);
});
