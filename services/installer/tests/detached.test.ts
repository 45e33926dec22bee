// A cluster that is forgotten takes its installs with it; when it returns they go on where they were.
import { create } from '@bufbuild/protobuf';
import { newId } from '@cnap/ids';
import { startKubesim, type Kubesim } from '@cnap/kubesim';
import { connect, parseKubeconfig } from '@cnap/kubernetes';
import { ClusterEventSchema } from '@cnap/proto/cnap/clusters/v1/cluster_event';
import type { PlacementCandidate } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { UsageService } from '@cnap/proto/cnap/installer/v1/usage_service';
import { peerClient } from '@cnap/rpc';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPublisher, type Publisher } from './publisher.ts';
import {
  addFault,
  factsOf,
  objectsOf,
  simulate,
  startTestInstaller,
  type TestInstaller,
} from './test-installer.ts';

const uid = crypto.randomUUID();
let installer: TestInstaller;
let other: Kubesim;
let clusters: Publisher;
beforeAll(async () => {
  installer = await startTestInstaller();
  other = await startKubesim();
  clusters = await startPublisher(installer, 'clusters');
});
afterAll(async () => {
  await clusters[Symbol.asyncDispose]();
  await installer[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

/** What clusters says of a cluster. */
const tell = (
  fact: 'created' | 'forgotten',
  { clusterId, regionId }: PlacementCandidate,
  workspaceId = installer.sellerWorkspaceId,
  clusterUid = uid,
) =>
  clusters.publish({
    resource: 'cluster',
    fact,
    id: clusterId,
    version: 1,
    schema: ClusterEventSchema,
    message: create(ClusterEventSchema, { clusterId, workspaceId, regionId, clusterUid }),
  });

/** As clusters does, its candidates and credentials first. */
async function forget(cluster: PlacementCandidate): Promise<void> {
  installer.peers.candidates.delete(cluster.clusterId);
  installer.peers.kubeconfigs.delete(cluster.clusterId);
  await tell('forgotten', cluster);
}

const onCluster = async ({ clusterId, regionId }: PlacementCandidate) => {
  const orderId = newId('ord');
  const product = installer.aProduct({ clusterIds: [clusterId] });
  const { id } = await installer.ensure(product, { orderId, regionId });
  return { id, orderId, product };
};

const usageOf = async (workspaceId: string) => {
  const usage = peerClient(UsageService, {
    baseUrl: installer.url,
    audience: 'installer',
    identity: installer.keys.identityOf('identity'),
  });
  const { exampleIds } = await usage.getUsage({ subject: { case: 'workspaceId', value: workspaceId } });
  return exampleIds;
};

test('deletion resumes, and what is to be there goes on, when the same cluster returns', async () => {
  const cluster = installer.peers.aCluster(other.kubeconfig);
  const [ended, kept, asleep] = await Promise.all([cluster, cluster, cluster].map(onCluster));
  if (!ended || !kept || !asleep) throw new Error('no installs');
  for (const { id } of [ended, kept, asleep]) await installer.until(id, InstallState.RUNNING);
  await installer.billing.hibernateOrderInstall({ orderId: asleep.orderId, orderVersion: 1n });
  await installer.until(asleep.id, InstallState.HIBERNATED);
  await addFault(other, { kind: 'outage' });
  const halfway = await onCluster(cluster);
  await eventually(async () =>
    expect((await installer.get(halfway.id)).message).toMatch(/^The cluster does not answer/),
  );

  await forget(cluster);
  for (const { id } of [ended, kept, asleep, halfway]) {
    const { reason, message, endpoints } = await installer.until(id, InstallState.DETACHED, 'buyer');
    expect({ reason, message }).toMatchObject({
      reason: 'ClusterForgotten',
      message: expect.stringMatching(/^Its cluster is gone for good\./),
    });
    expect(endpoints.some(({ ready }) => ready)).toBe(false);
  }
  const { gone, install } = await installer.billing.endInstall({ orderId: ended.orderId });
  expect({ gone, state: install?.state }).toEqual({ gone: false, state: InstallState.DETACHED });
  // It is no reason to keep a workspace; what is still wanted is.
  const inUse = await usageOf(installer.buyerWorkspaceId);
  expect(inUse).not.toContain(ended.id);
  expect(inUse).toContain(kept.id);
  expect((await installer.as('buyer').pods.listPods({ installId: kept.id })).pods).toEqual([]);

  await simulate(other, 'DELETE', 'faults');
  // Whoever else has the same cluster gets nothing of it.
  const theirs = installer.peers.aCluster(other.kubeconfig);
  await tell('created', theirs, newId('ws'));
  const back = installer.peers.aCluster(other.kubeconfig, { regionId: cluster.regionId });
  await tell('created', back);
  await installer.until(ended.id, InstallState.DELETED);
  await using kubernetes = connect(parseKubeconfig(other.kubeconfig));
  expect(await objectsOf(kubernetes, ended.id)).toEqual([]);
  for (const { id } of [kept, halfway]) {
    const running = await installer.until(id, InstallState.RUNNING);
    expect(running).toMatchObject({ clusterId: back.clusterId, message: '' });
  }
  await installer.until(asleep.id, InstallState.HIBERNATED);
  await installer.billing.reviveOrderInstall({ orderId: asleep.orderId, orderVersion: 2n });
  await installer.until(asleep.id, InstallState.RUNNING);

  const facts = (await factsOf(installer, kept.id)).map(({ fact }) => fact);
  expect(facts.slice(facts.indexOf('detached'))).toEqual(['detached', 'reattached', 'ready']);
  const endedFacts = (await factsOf(installer, ended.id)).map(({ fact }) => fact);
  expect(endedFacts.slice(endedFacts.indexOf('detached'))).toEqual([
    'detached',
    'deleting',
    'reattached',
    'deleted',
  ]);
});

test('nothing is placed on a cluster that is forgotten at that moment', async () => {
  const cluster = installer.peers.aCluster(installer.sim.kubeconfig);
  await tell('forgotten', cluster, undefined, crypto.randomUUID());
  const known = () =>
    installer.database.db.acrossWorkspaces((tx) =>
      tx
        .selectFrom('known_clusters')
        .select('forgotten')
        .where('cluster_id', '=', cluster.clusterId)
        .execute(),
    );
  await eventually(async () => expect(await known()).toEqual([{ forgotten: true }]));
  const { id } = await onCluster(cluster);
  expect((await installer.until(id, InstallState.PLACING)).clusterId).toBe('');
});
