// Another workspace's installs do not exist, through any RPC and for any forgotten WHERE.
import { Code } from '@cnap/client';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { rpcServices } from '@cnap/proto';
import { exposure, Exposure } from '@cnap/proto/cnap/options/v1/options';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { getOption } from '@bufbuild/protobuf';
import { expectError } from '@cnap/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
let id: string;
let releaseId: string;
beforeAll(async () => {
  installer = await startTestInstaller();
  const made = await installer.ensure(installer.aProduct());
  id = made.id;
  ({ releaseId } = await installer.until(id, InstallState.RUNNING));
  const { install } = await installer.as('seller').installs.createInstall({
    productId: installer.aProduct().id,
    regionId: installer.candidate.regionId,
    requestId: 'once',
  });
  await installer.until(install?.id ?? '', InstallState.RUNNING);
  await installer.as('seller').installs.deleteInstall({ id: install?.id ?? '' });
  await installer.until(install?.id ?? '', InstallState.DELETED);
});
afterAll(() => installer[Symbol.asyncDispose]());

test('a stranger finds nothing through any public method', async () => {
  const requests: Record<string, object> = {
    'InstallService.GetInstall': { id },
    'InstallService.DeleteInstall': { id },
    'InstallService.UpdateInstall': { id, name: 'Theirs' },
    'InstallService.UpdateInstallValues': { id, updates: [{ sourceId: 'src_sample', values: {} }] },
    'InstallService.UpdateInstallOverrides': { id, updates: [{ sourceId: 'src_sample', values: {} }] },
    'InstallService.RollbackInstall': { id, releaseId },
    'InstallService.HibernateInstall': { id },
    'InstallService.ReviveInstall': { id },
    'InstallService.PreviewInstallUpdate': { id },
    'InstallService.GetInstallDrift': { installId: id },
    'InstallService.StreamSupportBundle': { installId: id },
    'InstallService.CreateStandaloneInstall': {
      name: 'Theirs',
      clusterIds: [installer.candidate.clusterId],
      sources: [{ chart: { repoUrl: 'https://charts.example.com', chart: 'app', version: '1' } }],
    },
    'AdoptionService.ExportInstall': { installId: id },
    'AdoptionService.AdoptRelease': {
      name: 'Theirs',
      clusterId: installer.candidate.clusterId,
      namespace: 'theirs',
      releaseName: 'theirs',
      chart: { repoUrl: 'https://charts.example.com', chart: 'app', version: '1' },
    },
    'InstallService.WatchInstall': { id },
    'InstallService.GetDeletionReceipt': { installId: id },
    'InstallService.CreateInstall': {
      productId: installer.aProduct().id,
      regionId: installer.candidate.regionId,
    },
    'ReleaseService.GetRelease': { id: releaseId },
    'ReleaseService.ListReleases': { installId: id },
    'ReleaseService.DiffReleases': { id: releaseId },
    'PodService.ListPods': { installId: id },
    'PodService.ListPodEvents': { installId: id },
    'PodService.StreamPodLogs': { installId: id },
  };
  const transport = createConnectTransport({
    httpVersion: '1.1',
    baseUrl: installer.url,
    interceptors: [
      (next) => async (request) => {
        request.header.set('authorization', `Bearer ${await installer.keys.tokenOf('stranger')}`);
        return next(request);
      },
    ],
  });
  const walked: string[] = [];
  for (const service of rpcServices.installer) {
    const client = createClient(service, transport) as unknown as Record<
      string,
      (request: object) => unknown
    >;
    for (const method of service.methods) {
      const name = `${service.name}.${method.name}`;
      const internal = getOption(method, exposure) === Exposure.INTERNAL;
      if (internal || service.typeName.startsWith('cnap.operations')) continue;
      // Streams both ways need HTTP/2: exec.test.ts.
      if (method.methodKind === 'bidi_streaming') continue;
      walked.push(name);
      if (name === 'InstallService.ListInstalls') {
        expect(await client[method.localName]?.({ showDeleted: true })).toMatchObject({ installs: [] });
        continue;
      }
      const request = requests[name];
      if (!request) throw new Error(`${name} is not in this test`);
      const call = async () => {
        const answer = client[method.localName]?.(request);
        if (method.methodKind !== 'server_streaming') return answer;
        for await (const item of answer as AsyncIterable<unknown>) return item;
        return 'an empty stream';
      };
      await expectError(call(), Code.NotFound);
    }
  }
  expect(walked).toHaveLength(Object.keys(requests).length + 1);
});

test('a buyer gets no releases: they name what the seller’s software is made of', async () => {
  await expectError(
    installer.as('buyer').releases.getRelease({ id: releaseId }),
    Code.NotFound,
    'RELEASE_NOT_FOUND',
  );
  expect((await installer.as('buyer').releases.listReleases({ installId: id })).releases).toEqual([]);
});

test('a forgotten WHERE finds the rows of the two workspaces of an install, and of no other', async () => {
  const { db } = installer.database;
  await db.acrossWorkspaces((tx) =>
    sql`insert into workspace_closing (closing_id, workspace_id, state)
      values ('one', ${installer.sellerWorkspaceId}, 'given up')`.execute(tx),
  );
  await db.acrossWorkspaces((tx) =>
    sql`insert into known_clusters (workspace_id, cluster_uid, cluster_id, forgotten)
      values (${installer.sellerWorkspaceId}, 'uid', 'clu_1', false)`.execute(tx),
  );
  await db.acrossWorkspaces((tx) =>
    sql`insert into drifts (install_id, workspace_id, seller_workspace_id, object_key, ref, state, change, fields,
        detected_at, look_at)
      select id, workspace_id, seller_workspace_id, 'key', '{}', 'detected', 'removed', '[]', now(), now()
      from installs where id = ${id}`.execute(tx),
  );
  const tables = await db.acrossWorkspaces(async (tx) => {
    const { rows } = await sql<{ name: string }>`
      select distinct table_name as name from information_schema.columns
      where table_schema = 'installer' and column_name in ('workspace_id', 'seller_workspace_id')`.execute(
      tx,
    );
    return rows.map(({ name }) => name).toSorted();
  });
  expect(tables).toEqual(
    expect.arrayContaining(['installs', 'inventory', 'releases', 'removed_objects', 'request_result']),
  );
  const count = (run: typeof db.acrossWorkspaces, table: string) =>
    run(async (tx) => {
      const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(tx);
      return Number(rows[0]?.n);
    });
  const as =
    (workspaceId: string): typeof db.acrossWorkspaces =>
    (work) =>
      db.inWorkspace(workspaceId, work);
  for (const table of tables) {
    const all = await count(db.acrossWorkspaces, table);
    expect(all, table).toBeGreaterThan(0);
    expect(await count(as(installer.sellerWorkspaceId), table), `${table} of the seller`).toBe(all);
    const buyers = await count(as(installer.buyerWorkspaceId), table);
    if (['drifts', 'installs', 'inventory', 'releases'].includes(table))
      expect(buyers, table).toBeGreaterThan(0);
    else expect(buyers, table).toBe(0); // of the seller's own install only
    expect(await count(as(installer.keys.strangerWorkspaceId), table), `${table} of a stranger`).toBe(0);
    const { rows } = await sql<{ n: string }>`select count(*) as n from ${sql.table(table)}`.execute(
      db.kysely,
    );
    expect(Number(rows[0]?.n), `${table} without a workspace`).toBe(0);
  }
  const moved = db.inWorkspace(
    installer.keys.strangerWorkspaceId,
    async (tx) => (await tx.updateTable('installs').set({ name: 'stolen' }).execute())[0]?.numUpdatedRows,
  );
  expect(await moved).toBe(0n);
});
