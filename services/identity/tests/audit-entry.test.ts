import { eventually } from '@cnap/testing';
import { afterAll, expect, test } from 'vitest';
import { startTestIdentity } from './test-identity.ts';

const identity = await startTestIdentity();
afterAll(() => identity[Symbol.asyncDispose]());

test('a change by a token', async () => {
  const owner = await identity.aPerson('Owner');
  await identity.as(owner).workspaces.updateWorkspace({ id: owner.workspaceId, name: 'New name' });
  const rows = await eventually(async () => {
    const found = await identity.sql('select * from audit_entries where workspace_id = $1', [
      owner.workspaceId,
    ]);
    expect(found).toHaveLength(1);
    return found;
  });
  expect(rows[0]).toMatchObject({
    action: 'identity.v1.workspace.updated',
    actor_id: owner.userId,
    actor_email: 'owner@example.test',
    actor_name: 'Owner',
    credential_name: 'first',
  });
});
