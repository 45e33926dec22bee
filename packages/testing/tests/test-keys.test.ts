import { expect, test } from 'vitest';
import { testKeys } from '../src/test-keys.ts';

test('a service that uses the keys sees the person, with role and workspace', async () => {
  const keys = testKeys();
  const verify = keys.verifierFor('clusters');
  expect(await verify(await keys.tokenOf('viewer'))).toMatchObject({
    kind: 'user',
    role: 'viewer',
    workspaceId: keys.workspaceId,
    userId: keys.person('viewer').userId,
  });
  expect(await verify(await keys.tokenOf('stranger'))).toMatchObject({
    role: 'owner',
    workspaceId: keys.strangerWorkspaceId,
  });
  expect(await verify(await keys.tokenOf('owner', { operator: true }))).toMatchObject({ operator: true });
});

test('services know each other, for their own audience only', async () => {
  const keys = testKeys();
  const token = await keys.identityOf('billing').token('installer');
  expect(await keys.verifierFor('installer')(token)).toEqual({ kind: 'service', service: 'billing' });
  await expect(keys.verifierFor('catalog')(token)).rejects.toThrow('token');
});

test('keys of another test are not valid here', async () => {
  const token = await testKeys().tokenOf('owner');
  await expect(testKeys().verifierFor('clusters')(token)).rejects.toThrow('token');
});
