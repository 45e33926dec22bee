// A cluster that does not answer is waited for, and holds nobody up.
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { startKubesim, type Fault, type Kubesim } from '@cnap/kubesim';
import type { PlacementCandidate } from '@cnap/proto/cnap/clusters/v1/placement_candidate_service';
import { eventually } from '@cnap/testing';
import { connect, parseKubeconfig } from '@cnap/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addFault, objectsOf, simulate, startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
let other: Kubesim;
let ill: PlacementCandidate;
beforeAll(async () => {
  installer = await startTestInstaller();
  other = await startKubesim();
  ill = installer.peers.aCluster(other.kubeconfig);
});
afterAll(async () => {
  await installer[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

const onIll = () =>
  installer.ensure(installer.aProduct({ clusterIds: [ill.clusterId] }), { regionId: ill.regionId });

test.each<[string, Omit<Fault, 'id'>]>([
  ['closes every connection', { kind: 'outage' }],
  ['never answers', { kind: 'black-hole' }],
  ['answers 503', { kind: 'error', status: 503, message: 'etcd is away' }],
])('a cluster that %s: others are installed meanwhile, and it goes on by itself', async (_, fault) => {
  await addFault(other, fault);
  const waiting = await Promise.all(Array.from({ length: 8 }, onIll));
  const made = await Promise.all(Array.from({ length: 3 }, () => installer.ensure(installer.aProduct())));
  for (const { id } of made) await installer.until(id, InstallState.RUNNING);
  await eventually(async () => {
    for (const { id } of waiting) {
      const { state, message } = await installer.get(id, 'buyer');
      expect(state).toBe(InstallState.DEPLOYING);
      expect(message).toMatch(/^The cluster does not answer/);
      expect(message).not.toMatch(/127\.0\.0\.1/);
    }
  });
  await simulate(other, 'DELETE', 'faults');
  for (const { id } of waiting) await installer.until(id, InstallState.RUNNING, 'buyer');
});

test('an install that runs stays RUNNING through an outage, and is removed after one', async () => {
  const { id, orderId } = await onIll();
  await installer.until(id, InstallState.RUNNING);
  await addFault(other, { kind: 'outage' });
  await installer.billing.endInstall({ orderId });
  await eventually(async () => expect((await installer.get(id)).message).toMatch(/does not answer/));
  expect((await installer.get(id)).state).toBe(InstallState.DELETING);
  await simulate(other, 'DELETE', 'faults');
  await installer.until(id, InstallState.DELETED);
  await using kubernetes = connect(parseKubeconfig(other.kubeconfig));
  expect(await objectsOf(kubernetes, id)).toEqual([]);
});

test('a slow cluster only takes longer', async () => {
  await addFault(other, { kind: 'latency', ms: 50 });
  const { id } = await onIll();
  const { conditions } = await installer.until(id, InstallState.RUNNING);
  expect(conditions.every(({ met }) => met)).toBe(true);
  await simulate(other, 'DELETE', 'faults');
});
