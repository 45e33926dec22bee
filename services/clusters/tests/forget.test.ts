// A cluster that cannot be reached is forgotten, with its installs; the same one may be imported again.
import { Code } from '@connectrpc/connect';
import { startKubesim } from '@cnap/kubesim';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import { ClusterState } from '@cnap/proto/cnap/clusters/v1/cluster';
import { eventually, expectError } from '@cnap/testing';
import { fromBinary } from '@bufbuild/protobuf';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { startTestClusters } from './test-clusters.ts';

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());
const clusters = parts.use(
  await startTestClusters({ pace: { lookAgainMs: 50, unreachableAfterMs: 200, capacityEveryMs: 100 } }),
);
const data = await mkdtemp(join(tmpdir(), 'cnap-kubesim-'));
parts.defer(() => rm(data, { recursive: true, force: true }));
const { clusters: owner } = clusters.as('owner');
const regionId = await clusters.aRegion();

const anImport = async (kubeconfig: string, name: string) => {
  const { cluster } = await owner.importCluster({ name, regionId, kubeconfig });
  if (!cluster) throw new Error('no cluster');
  return cluster;
};

/** What was told of a cluster. */
async function told(id: string) {
  const rows = await clusters.sql(
    'select subject, headers, payload from outbox where resource_id = $1 order by position',
    [id],
  );
  return rows.map(({ subject, headers, payload }) => ({
    headers: JSON.stringify(headers),
    fact: String(subject).split('.').at(-1),
    message: fromBinary(ClusterEventSchema, payload as Uint8Array),
  }));
}

test('while it cannot be reached, by the owner; and imported again it is the same cluster', async () => {
  const first = await startKubesim({ data });
  const { id } = await anImport(first.kubeconfig, 'Burnt');
  clusters.installs.set(id, ['ins_1']);
  await expectError(owner.forgetCluster({ id }), Code.FailedPrecondition, 'CLUSTER_REACHABLE');
  await first[Symbol.asyncDispose]();
  await eventually(async () =>
    expect((await owner.getCluster({ id })).cluster?.state).toBe(ClusterState.UNREACHABLE),
  );
  await expectError(owner.deleteCluster({ id }), Code.FailedPrecondition, 'CLUSTER_IN_USE');
  await expectError(clusters.as('admin').clusters.forgetCluster({ id }), Code.PermissionDenied);
  await expectError(
    clusters.as('stranger').clusters.forgetCluster({ id }),
    Code.NotFound,
    'CLUSTER_NOT_FOUND',
  );
  await owner.forgetCluster({ id });
  await expectError(owner.getCluster({ id }), Code.NotFound, 'CLUSTER_NOT_FOUND');
  await expectError(owner.forgetCluster({ id }), Code.NotFound, 'CLUSTER_NOT_FOUND');

  await using again = await startKubesim({ data });
  const back = await anImport(again.kubeconfig, 'Back');
  expect(back.id).not.toBe(id);
  const forgotten = (await told(id)).at(-1);
  expect(forgotten).toMatchObject({ fact: 'forgotten', message: { state: ClusterState.UNREACHABLE } });
  // Who did it is in the audit log.
  expect(forgotten?.headers).toMatch(/usr_[0-9a-z]{26}/);
  const [created] = await told(back.id);
  expect(created?.message.clusterUid).toMatch(/^[0-9a-f-]{36}$/);
  expect(forgotten?.message.clusterUid).toBe(created?.message.clusterUid);
});
