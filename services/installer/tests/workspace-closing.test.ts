// No install gets into a workspace that is being deleted, on neither side of a sale.
import { newId } from '@cnap/ids';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { UsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import { WorkspaceEventSchema } from '@cnap/proto/cnap/identity/v1/workspace_event';
import { create } from '@bufbuild/protobuf';
import { Code } from '@cnap/client';
import { peerClient } from '@cnap/rpc';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPublisher } from './publisher.ts';
import { startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(() => installer[Symbol.asyncDispose]());

const usage = () =>
  peerClient(UsageService, {
    baseUrl: installer.url,
    audience: 'installer',
    identity: installer.keys.identityOf('identity'),
  });
const closing = (workspaceId: string) => ({ workspaceId, closingId: newId('req') });
const countInstalls = async () =>
  (await installer.database.db.acrossWorkspaces((tx) => tx.selectFrom('installs').select('id').execute()))
    .length;

test('a closed workspace gets no install, bought, sold or its own', async () => {
  const product = installer.aProduct();
  const before = await countInstalls();
  for (const workspaceId of [installer.buyerWorkspaceId, installer.sellerWorkspaceId]) {
    const end = closing(workspaceId);
    expect((await usage().closeWorkspace(end)).count).toBe(0);
    // Nothing permanent: it is not decided yet, and a sale must not be undone for nothing.
    await expect(installer.ensure(product)).rejects.toMatchObject({ kind: 'unavailable' });
    if (workspaceId === installer.sellerWorkspaceId) {
      const { regionId } = installer.candidate;
      await expectError(
        installer.as('seller').installs.createInstall({ productId: product.id, regionId }),
        Code.Unavailable,
        'WORKSPACE_CLOSED',
      );
    }
    await usage().reopenWorkspace(end);
  }
  expect(await countInstalls()).toBe(before);
});

test('what has an install is not closed; what was deleted is refused for good', async () => {
  const product = installer.aProduct();
  const orderId = newId('ord');
  const { id } = await installer.ensure(product, { orderId });
  await installer.until(id, InstallState.RUNNING);
  for (const workspaceId of [installer.buyerWorkspaceId, installer.sellerWorkspaceId]) {
    expect(await usage().closeWorkspace(closing(workspaceId))).toMatchObject({ count: 1, exampleIds: [id] });
  }
  await eventually(async () => (await installer.billing.endInstall({ orderId })).gone);

  const workspaceId = installer.buyerWorkspaceId;
  expect((await usage().closeWorkspace(closing(workspaceId))).count).toBe(0);
  await using identity = await startPublisher(installer, 'identity');
  await identity.publish({
    resource: 'workspace',
    fact: 'deleted',
    id: workspaceId,
    version: 2,
    schema: WorkspaceEventSchema,
    message: create(WorkspaceEventSchema, { workspaceId }),
  });
  await eventually(() =>
    expect(installer.ensure(product)).rejects.toMatchObject({
      kind: 'failed-precondition',
      reason: 'WORKSPACE_CLOSED',
    }),
  );
});
