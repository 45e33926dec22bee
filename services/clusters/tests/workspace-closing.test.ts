// No cluster gets into a workspace that is being deleted, however the import and the question overlap.
import { Code } from '@connectrpc/connect';
import { startKubesim, type Kubesim } from '@cnap/kubesim';
import { newId } from '@cnap/ids';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestClusters, type TestClusters } from './test-clusters.ts';

let clusters: TestClusters;
let kubesim: Kubesim;
let regionId: string;
beforeAll(async () => {
  clusters = await startTestClusters();
  kubesim = await startKubesim();
  regionId = await clusters.aRegion();
});
afterAll(async () => {
  await clusters[Symbol.asyncDispose]();
  await kubesim[Symbol.asyncDispose]();
});

const usage = () => clusters.asService('identity').usage;
const closing = (closingId = newId('req')) => ({ workspaceId: clusters.keys.workspaceId, closingId });
const importOne = (name: string) =>
  clusters.as('owner').clusters.importCluster({ name, regionId, kubeconfig: kubesim.kubeconfig });
const waitingFor = (locktype: string) =>
  eventually(async () => {
    const [row] = await clusters.sql(
      `select count(*)::int as count from pg_locks join pg_stat_activity using (pid)
        where not granted and locktype = $1 and datname = current_database()`,
      [locktype],
    );
    expect(row?.['count']).toBeGreaterThan(0);
  });

test('an import that is under way while the workspace is closed is refused', async () => {
  const { db } = clusters.database;
  const end = closing();
  let importing: Promise<unknown> = Promise.resolve();
  await db.acrossWorkspaces(async (tx) => {
    // The import waits for its region: its checks are done, and nothing is written yet.
    await tx.selectFrom('regions').select('id').where('id', '=', regionId).forUpdate().execute();
    importing = expectError(importOne('late'), Code.Unavailable, 'WORKSPACE_CLOSED');
    await waitingFor('transactionid');
    expect((await usage().closeWorkspace(end)).count).toBe(0);
  });
  await importing;
  expect(await clusters.sql('select id from clusters')).toEqual([]);
  await expectError(importOne('later'), Code.Unavailable, 'WORKSPACE_CLOSED');
  await usage().reopenWorkspace(end);
});

test('an import that has begun to write is waited for and counted', async () => {
  const { db } = clusters.database;
  const end = closing();
  let counting: Promise<{ count: number }> | undefined;
  let importing: ReturnType<typeof importOne> | undefined;
  await db
    .acrossWorkspaces(async (tx) => {
      // The same cluster, not committed: the import has to wait for what becomes of it.
      const [other] = await clusters.sql(
        `insert into regions (id, workspace_id, name) values ($1, $2, 'Other') returning id`,
        [newId('reg'), clusters.keys.workspaceId],
      );
      await tx
        .insertInto('clusters')
        .values({
          id: newId('clu'),
          workspace_id: clusters.keys.workspaceId,
          region_id: String(other?.['id']),
          name: 'in the way',
          kind: 'imported',
          state: 'running',
          state_reason: '',
          state_message: '',
          server: '',
          kubernetes_version: '',
          cluster_uid: await clusterUid(),
          sealed_kubeconfig: Buffer.from(''),
          kubeconfig_revision: '',
          settings: '{}',
          capacity: null,
          capacity_at: null,
          observed_at: null,
          failing_since: null,
          traceparent: null,
        })
        .execute();
      importing = importOne('first');
      await waitingFor('transactionid');
      counting = usage().closeWorkspace(end);
      await waitingFor('advisory');
      throw new Error('rolled back');
    })
    .catch((error: Error) => expect(error.message).toBe('rolled back'));
  const id = (await importing)?.cluster?.id ?? '';
  expect(await counting).toMatchObject({ count: 1, exampleIds: [id] });
  await clusters.as('owner').clusters.deleteCluster({ id });
});

test('a closing that was given up closes nothing any more; another one does', async () => {
  const late = closing();
  await usage().reopenWorkspace(late);
  await expectError(usage().closeWorkspace(late), Code.Unavailable, 'WORKSPACE_CLOSED');
  const [one, other] = [closing(), closing()];
  expect((await usage().closeWorkspace(one)).count).toBe(0);
  expect((await usage().closeWorkspace(one)).count).toBe(0);
  expect((await usage().closeWorkspace(other)).count).toBe(0);
  await usage().reopenWorkspace(one);
  await expectError(importOne('too late'), Code.Unavailable, 'WORKSPACE_CLOSED');
  await usage().reopenWorkspace(other);
  expect((await importOne('again')).cluster?.name).toBe('again');
});

test('workspaces are closed by identity only', async () => {
  for (const service of ['billing', 'installer'] as const) {
    const { usage: asked } = clusters.asService(service);
    await expectError(asked.closeWorkspace(closing()), Code.PermissionDenied, 'PERMISSION_DENIED');
    await expectError(asked.reopenWorkspace(closing()), Code.PermissionDenied, 'PERMISSION_DENIED');
  }
});

/** The kube-system namespace's, by which a cluster is known. */
async function clusterUid(): Promise<string> {
  const { cluster } = await importOne('probe');
  const [row] = await clusters.sql('select cluster_uid from clusters where id = $1', [cluster?.id]);
  await clusters.as('owner').clusters.deleteCluster({ id: cluster?.id ?? '' });
  return String(row?.['cluster_uid']);
}
