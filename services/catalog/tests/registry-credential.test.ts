import { RegistryCredentialType } from '@cnap/proto/cnap/catalog/v1/registry_credential';
import { expectError } from '@cnap/testing';
import { Code } from '@connectrpc/connect';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestCatalog, type TestCatalog } from './test-catalog.ts';

let catalog: TestCatalog;
beforeAll(async () => {
  catalog = await startTestCatalog();
});
afterAll(() => catalog[Symbol.asyncDispose]());

const github = {
  name: 'GitHub',
  registryUrl: 'https://ghcr.io',
  type: RegistryCredentialType.TOKEN,
  secret: 'canary-of-a-secret',
};

test('a secret is used and never shown', async () => {
  const { registryCredentials } = catalog.as('admin');
  const { registryCredential: made } = await registryCredentials.createRegistryCredential(github);
  await registryCredentials.createRegistryCredential({
    name: 'Hub',
    registryUrl: 'docker.io',
    type: RegistryCredentialType.BASIC,
    username: 'acme',
    secret: 'p:w',
  });
  const { registryCredentials: listed } = await catalog
    .as('viewer')
    .registryCredentials.listRegistryCredentials({});
  expect(listed.map(({ name, isActive }) => [name, isActive])).toEqual([
    ['Hub', true],
    ['GitHub', true],
  ]);

  const { registrySecrets } = catalog.asService('installer');
  const { workspaceId, strangerWorkspaceId } = catalog.keys;
  const images = ['ghcr.io/acme/app:1', 'quay.io/other/app', 'acme/private'];
  const { dockerConfigJson } = await registrySecrets.getRegistrySecret({ workspaceId, images });
  expect(JSON.parse(dockerConfigJson)).toMatchObject({
    auths: {
      'ghcr.io': { username: 'token', password: 'canary-of-a-secret' },
      'https://index.docker.io/v1/': { username: 'acme', password: 'p:w' },
    },
  });
  expect(await registrySecrets.getRegistrySecret({ workspaceId, images: ['quay.io/a/b'] })).toMatchObject({
    dockerConfigJson: '',
  });
  expect(await registrySecrets.getRegistrySecret({ workspaceId: strangerWorkspaceId, images })).toMatchObject(
    {
      dockerConfigJson: '',
    },
  );
  const { registryCredential: used } = await registryCredentials.getRegistryCredential({ id: made!.id });
  expect(used?.lastUseTime).toBeDefined();

  const stored = await catalog.database.db.acrossWorkspaces((tx) =>
    tx.selectFrom('registry_credential').selectAll().execute(),
  );
  expect(stored.map(({ secret }) => secret.toString('latin1')).join()).not.toContain('canary');

  await registryCredentials.deleteRegistryCredential({ id: made!.id });
  await expectError(
    registryCredentials.getRegistryCredential({ id: made!.id }),
    Code.NotFound,
    'REGISTRY_CREDENTIAL_NOT_FOUND',
  );
});

test('only who may, may', async () => {
  const { registryCredential: made } = await catalog
    .as('owner')
    .registryCredentials.createRegistryCredential(github);
  const stranger = catalog.as('stranger').registryCredentials;
  const notFound = [Code.NotFound, 'REGISTRY_CREDENTIAL_NOT_FOUND'] as const;
  await expectError(stranger.getRegistryCredential({ id: made!.id }), ...notFound);
  await expectError(stranger.deleteRegistryCredential({ id: made!.id }), ...notFound);
  expect((await stranger.listRegistryCredentials({})).registryCredentials).toEqual([]);
  const member = catalog.as('member').registryCredentials;
  await expectError(member.createRegistryCredential(github), Code.PermissionDenied, 'PERMISSION_DENIED');
  const request = { workspaceId: catalog.keys.workspaceId, images: ['ghcr.io/a/b'] };
  for (const clients of [catalog.as('owner'), catalog.asService('billing')]) {
    await expectError(
      clients.registrySecrets.getRegistrySecret(request),
      Code.PermissionDenied,
      'PERMISSION_DENIED',
    );
  }
});

test('what is no registry is refused', async () => {
  const { registryCredentials } = catalog.as('owner');
  for (const [field, change] of [
    ['registry_url', { registryUrl: 'not a registry' }],
    ['registry_url', { registryUrl: 'https://me:secret@ghcr.io' }],
    ['username', { type: RegistryCredentialType.BASIC }],
  ] as const) {
    const call = registryCredentials.createRegistryCredential({ ...github, ...change });
    const error = await expectError(call, Code.InvalidArgument, 'INVALID_FIELD');
    expect(error.fields[0]?.field).toBe(field);
  }
});
