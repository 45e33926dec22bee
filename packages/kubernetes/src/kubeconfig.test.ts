import { DomainError } from '@cnap/errors';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import { formatKubeconfig, parseKubeconfig } from './kubeconfig.ts';

type Parts = { cluster?: object; user?: object; context?: string };

function kubeconfig(...parts: Parts[]): string {
  const each = (parts.length > 0 ? parts : [{}]).map((part, index) => ({
    name: part.context ?? `c${index}`,
    ...part,
  }));
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: each.map(({ name, cluster }) => ({
      name,
      cluster: { server: 'https://k8s.example.com:6443', ...cluster },
    })),
    users: each.map(({ name, user }) => ({ name, user: user ?? { token: 'a-token' } })),
    contexts: each.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
    'current-context': each[0]?.name,
  });
}

function refusal(text: string, context?: string): DomainError {
  try {
    parseKubeconfig(text, { context });
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

test('the only context is taken, with nothing but what a connection needs', () => {
  expect(parseKubeconfig(kubeconfig())).toEqual({
    context: 'c0',
    server: 'https://k8s.example.com:6443',
    token: 'a-token',
  });
});

test('JSON is YAML', () => {
  expect(parseKubeconfig(JSON.stringify(parse(kubeconfig()))).token).toBe('a-token');
});

test('what is written can be read again', () => {
  const config = parseKubeconfig(kubeconfig({ cluster: { 'tls-server-name': 'inside' } }));
  expect(parseKubeconfig(formatKubeconfig(config))).toEqual(config);
});

test('of several contexts the only usable one is taken', () => {
  const text = kubeconfig({ user: { exec: { command: 'aws' } } }, { context: 'good' });
  expect(parseKubeconfig(text).context).toBe('good');
});

test('several usable contexts: one has to be named', () => {
  const text = kubeconfig({ context: 'a' }, { context: 'b' });
  expect(refusal(text)).toMatchObject({
    fields: [{ field: 'context', description: 'name the context to import' }],
    message: expect.stringContaining('"a", "b"'),
  });
  expect(parseKubeconfig(text, { context: 'b' }).context).toBe('b');
  expect(refusal(text, 'c').message).toContain('there is no context "c"');
});

const file = '/etc/passwd';
test.each<[string, Parts, string]>([
  ['a program', { user: { exec: { command: 'sh' } } }, 'users[c0].user.exec'],
  ['a plug-in', { user: { 'auth-provider': { name: 'gcp' } } }, 'users[c0].user.auth-provider'],
  ['a token file', { user: { tokenFile: file } }, 'users[c0].user.tokenFile'],
  ['a certificate file', { user: { 'client-certificate': file } }, 'users[c0].user.client-certificate'],
  ['a key file', { user: { 'client-key': file } }, 'users[c0].user.client-key'],
  ['a CA file', { cluster: { 'certificate-authority': file } }, 'clusters[c0].cluster.certificate-authority'],
  [
    'no verification',
    { cluster: { 'insecure-skip-tls-verify': true } },
    'clusters[c0].cluster.insecure-skip-tls-verify',
  ],
  ['a proxy', { cluster: { 'proxy-url': 'http://10.0.0.1' } }, 'clusters[c0].cluster.proxy-url'],
  ['plain http', { cluster: { server: 'http://k8s.example.com' } }, 'clusters[c0].cluster.server'],
  [
    'credentials in the address',
    { cluster: { server: 'https://a:b@k8s.example.com' } },
    'clusters[c0].cluster.server',
  ],
  ['impersonation', { user: { token: 't', as: 'admin' } }, 'users[c0].user.as'],
  ['a password', { user: { username: 'u', password: 'p' } }, 'users[c0].user.username'],
  ['no credentials', { user: {} }, 'users[c0].user'],
  [
    'a CA that is none',
    { cluster: { 'certificate-authority-data': 'aGVsbG8=' } },
    'certificate-authority-data',
  ],
  ['half a client certificate', { user: { 'client-key-data': 'aGVsbG8=' } }, 'only one of'],
  ['a token with a line break', { user: { token: 'a\nb' } }, 'users[c0].user.token'],
])('%s is refused, and the place is named', (_what, part, place) => {
  const error = refusal(kubeconfig(part));
  expect(error.reason).toBe('KUBECONFIG_INVALID');
  expect(error.message).toContain(place);
});

test.each([
  ['', 'empty'],
  ['a: [', 'not valid YAML'],
  ['just text', 'not a kubeconfig'],
  ['kind: Pod', 'not a kubeconfig'],
  ['kind: Config\ncontexts: []', 'there is no context'],
  ['x'.repeat(600 * 1024), 'larger than'],
  [
    'kind: Config\ncontexts: [{ name: a, context: { cluster: b } }]\nclusters: []\nusers: []',
    'not in clusters',
  ],
])('%#: bad text is refused', (text, problem) => {
  expect(refusal(text).message).toContain(problem);
});

test('a message never repeats a secret', () => {
  const error = refusal(kubeconfig({ user: { token: 'canary\u0000canary', exec: { env: 'canary' } } }));
  expect(JSON.stringify(error) + error.message).not.toContain('canary');
});
