// Signing in to registries and repositories, each of the three ways.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RegistryCredentialEventSchema } from '@cnap/proto/cnap/catalog/v1/registry_credential_event';
import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { expectError, serveFiles } from '@cnap/testing';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { factsOf } from './facts.ts';
import { PackageState, sourceOf, startTestCatalog, type TestCatalog } from './test-catalog.ts';

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
});
afterAll(() => catalog[Symbol.asyncDispose]());

const { BASIC, TOKEN, OAUTH } = RegistryCredentialType;
const client = { clientId: 'shop client', clientSecret: 'canary:s/cret' };

const add = async (registryUrl: string, type: RegistryCredentialType, credentials: object) => {
  const { registryCredential } = await catalog
    .as('owner')
    .registryCredentials.createRegistryCredential({ name: 'One', registryUrl, type, credentials });
  return registryCredential!;
};
const signIns = async (...images: string[]) => {
  const { workspaceId } = catalog.keys;
  const answer = await catalog
    .asService('installer')
    .registrySecrets.getRegistrySecret({ workspaceId, images });
  const { auths } = JSON.parse(answer.dockerConfigJson || '{"auths":{}}') as {
    auths: Record<string, { username: string; password: string }>;
  };
  return { auths, expireTime: answer.expireTime };
};

test('each type signs in with its own members', async () => {
  await add('basic.test', BASIC, { username: 'me', password: 'canary-1' });
  await add('token.test', TOKEN, { token: 'canary-2' });
  await add('named.test', TOKEN, { token: 'canary-3', username: 'robot' });
  const made = await add('https://oauth.test', OAUTH, client);
  expect(made).toMatchObject({ type: OAUTH, username: 'shop client', isActive: true });
  const { auths, expireTime } = await signIns('basic.test/a', 'token.test/a', 'named.test/a', 'oauth.test/a');
  expect(auths).toMatchObject({
    'basic.test': { username: 'me', password: 'canary-1' },
    'token.test': { username: 'token', password: 'canary-2' },
    'named.test': { username: 'robot', password: 'canary-3' },
    'oauth.test': { username: 'shop client', password: 'canary:s/cret' },
  });
  expect(expireTime).toBeUndefined();
});

test.each([
  [BASIC, { username: 'me' }, 'credentials.password'],
  [BASIC, { password: 'secret' }, 'credentials.username'],
  [BASIC, { username: 'me', password: 'secret', token: 't' }, 'credentials.token'],
  [TOKEN, { username: 'me' }, 'credentials.token'],
  [OAUTH, { clientId: 'c' }, 'credentials.client_secret'],
  [OAUTH, { ...client, password: 'p' }, 'credentials.password'],
  [OAUTH, { ...client, tokenUrl: 'file:///etc/passwd' }, 'credentials.token_url'],
  [OAUTH, { ...client, tokenUrl: 'https://me:secret@host/' }, 'credentials.token_url'],
])('members that do not fit the type are refused: %s %j', async (type, credentials, field) => {
  const error = await expectError(
    add('ghcr.io', type, credentials),
    Code.InvalidArgument,
    'REGISTRY_CREDENTIAL_INVALID',
  );
  expect(error.fields.map((one) => one.field)).toEqual([field]);
  expect(error.message).not.toContain('secret@');
});

test('without any secret, or with two, nothing is stored', async () => {
  const { registryCredentials } = catalog.as('owner');
  const request = { name: 'One', registryUrl: 'ghcr.io', type: TOKEN };
  for (const [change, field] of [
    [{}, 'credentials.token'],
    [{ secret: 'a', credentials: { token: 'b' } }, 'credentials'],
  ] as const) {
    const call = registryCredentials.createRegistryCredential({ ...request, ...change });
    const error = await expectError(call, Code.InvalidArgument, 'REGISTRY_CREDENTIAL_INVALID');
    expect(error.fields[0]?.field).toBe(field);
  }
});

/** Gives tokens that live for so many seconds, and notes what it was asked. */
async function startTokenServer(expiresIn: number) {
  const asked: { authorization: string | undefined; body: string }[] = [];
  const state = { refuse: false };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ authorization: request.headers.authorization, body });
    response.writeHead(state.refuse ? 401 : 200, { 'content-type': 'application/json' });
    const given = { access_token: `given-${asked.length}`, token_type: 'bearer', expires_in: expiresIn };
    response.end(JSON.stringify(state.refuse ? { error: 'invalid_client' } : given));
  };
  const server = await serveFiles({
    files: { '/token': (request, response) => void answer(request, response) },
  });
  return { ...server, asked, state, tokenUrl: `${server.url}/token` };
}

test('an OAuth client gets a short-lived token, once for its life, and a new one after', async () => {
  await using lasting = await startTokenServer(3600);
  await add('lasting.test', OAUTH, { ...client, tokenUrl: lasting.tokenUrl });
  const before = Date.now();
  const first = await signIns('lasting.test/acme/app');
  expect(first.auths['lasting.test']).toMatchObject({ username: 'oauth2accesstoken', password: 'given-1' });
  expect(timestampMs(first.expireTime!)).toBeGreaterThanOrEqual(before + 3_600_000);
  expect(await signIns('lasting.test/acme/app')).toEqual(first);
  expect(lasting.asked).toEqual([
    {
      authorization: `Basic ${Buffer.from('shop%20client:canary%3As%2Fcret').toString('base64')}`,
      body: 'grant_type=client_credentials',
    },
  ]);
  // Lives no time that is worth keeping.
  await using brief = await startTokenServer(1e-9);
  await add('brief.test', OAUTH, { ...client, username: 'robot', tokenUrl: brief.tokenUrl });
  expect((await signIns('brief.test/a')).auths['brief.test']).toMatchObject({ username: 'robot' });
  expect((await signIns('brief.test/a')).auths['brief.test']).toMatchObject({ password: 'given-2' });
});

test('a client that is refused is named, without its secret', async () => {
  await using server = await startTokenServer(60);
  server.state.refuse = true;
  await add('refusing.test', OAUTH, { ...client, tokenUrl: server.tokenUrl });
  const error = await expectError(
    signIns('refusing.test/a'),
    Code.FailedPrecondition,
    'REGISTRY_SIGN_IN_FAILED',
  );
  expect(error.message).toMatch(/\/token gives no token: invalid_client/);
  expect(error.message).not.toContain('canary');
});

test('a private chart repository is signed in to, and nobody else hears of it', async () => {
  const heard: string[] = [];
  await using other = await serveFiles();
  const { repository } = catalog;
  const archive = repository.publish('private', '1.0.0', {}, { url: 'guarded/private-1.0.0.tgz' });
  const wanted = `Basic ${Buffer.from('me:canary-basic').toString('base64')}`;
  const guard =
    (bytes: string | Uint8Array) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      if (request.headers.authorization !== wanted) response.writeHead(401).end();
      else response.end(bytes);
    };
  const index = repository.files.get('/index.yaml') as string;
  repository.files.set('/index.yaml', guard(index));
  repository.files.set('/guarded/private-1.0.0.tgz', (request, response) => {
    if (request.headers.authorization !== wanted) return void response.writeHead(401).end();
    response.writeHead(302, { location: `${other.url}/private-1.0.0.tgz` }).end();
  });
  other.files.set('/private-1.0.0.tgz', (request, response) => {
    heard.push(request.headers.authorization ?? 'nothing');
    response.end(archive);
  });
  const build = async () => {
    const { packageId } = await catalog.as('owner').templates.createTemplate({
      name: 'Private',
      sources: [sourceOf(repository.url, { chart: 'private' })],
    });
    return catalog.built(packageId);
  };
  expect(await build()).toMatchObject({
    state: PackageState.FAILED,
    stateMessage: expect.stringContaining('status 401'),
  });
  // Without http:// it stands for the same host over TLS.
  await add(new URL(repository.url).host, BASIC, { username: 'me', password: 'canary-basic' });
  expect((await build()).state).toBe(PackageState.FAILED);
  await add(repository.url, BASIC, { username: 'me', password: 'canary-basic' });
  expect(await build()).toMatchObject({ state: PackageState.READY, stateMessage: '' });
  expect(heard).toEqual(['nothing']);
});

test('made and deleted are facts, which hold no secret', async () => {
  const made = await add('facts.test', BASIC, { username: 'me', password: 'canary-fact' });
  await catalog.as('owner').registryCredentials.deleteRegistryCredential({ id: made.id });
  const facts = await factsOf(catalog, 'registry_credential', made.id, RegistryCredentialEventSchema);
  expect(facts).toMatchObject([
    { fact: 'created', version: 1, message: { name: 'One', registryUrl: 'facts.test', type: BASIC } },
    { fact: 'deleted', version: 2 },
  ]);
  expect(JSON.stringify(facts)).not.toContain('canary');
});
