// Pods and their logs, for whoever may read the install.
import { Code, pages } from '@cnap/client';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { expectError } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chartOf, deployment } from './charts.ts';
import { addFault, simulate, startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
let installId: string;
const chart = chartOf({
  'web.yaml': deployment('docker.io/library/nginx:1').replace('replicas: 1', 'replicas: 5'),
});
beforeAll(async () => {
  installer = await startTestInstaller();
  ({ id: installId } = await installer.ensure(installer.aProduct({ chart })));
  await installer.until(installId, InstallState.RUNNING);
});
afterAll(() => installer[Symbol.asyncDispose]());

const logs = async (request: object, person: 'buyer' | 'seller' = 'buyer', most = Infinity) => {
  const lines: string[] = [];
  const end = new AbortController();
  try {
    const stream = installer.as(person).pods.streamPodLogs({ installId, ...request }, { signal: end.signal });
    for await (const { line } of stream) {
      lines.push(line);
      if (lines.length >= most) break;
    }
  } finally {
    end.abort();
  }
  return lines;
};

test('pods are listed by name, in pages', async () => {
  const { pods } = installer.as('buyer');
  const first = await pods.listPods({ installId, pageSize: 2 });
  expect(first.pods).toHaveLength(2);
  expect(first.pods[0]).toMatchObject({
    containers: ['web'],
    phase: 'Running',
    ready: true,
    restarts: 0,
    message: '',
  });
  const names: string[] = [];
  for await (const pod of pages(pods.listPods, { installId, pageSize: 2 })) names.push(pod.name);
  expect(names).toHaveLength(5);
  expect(names).toEqual(names.toSorted());
});

test('a log is read from its end, and followed', async () => {
  const [pod] = (await installer.as('buyer').pods.listPods({ installId })).pods;
  const all = await logs({ tailLines: 1000 });
  expect(all.length).toBeGreaterThan(0);
  const two = await logs({ pod: pod?.name, container: 'web', tailLines: 2 });
  expect(two).toHaveLength(2);
  expect(await logs({ follow: true, tailLines: 3 }, 'seller', 3)).toHaveLength(3);
});

test('without a pod it is the log of all', async () => {
  const perPod = { tailLines: 2 };
  expect(await logs(perPod)).toHaveLength(10);
  expect(await logs({ ...perPod, container: 'web' })).toHaveLength(10);
  expect(await logs({ ...perPod, follow: true }, 'buyer', 10)).toHaveLength(10);
});

test('a pod that takes another’s place is followed, too', async () => {
  const { id } = await installer.ensure(installer.aProduct({ chart }));
  const { namespace } = await installer.until(id, InstallState.RUNNING);
  const [first] = (await installer.as('buyer').pods.listPods({ installId: id })).pods;
  const seen: string[] = [];
  const stream = installer.as('buyer').pods.streamPodLogs({ installId: id, follow: true, tailLines: 1 });
  for await (const { line } of stream) {
    seen.push(line);
    if (seen.length === 5) {
      await installer.kubernetes.delete({
        apiVersion: 'v1',
        kind: 'Pod',
        namespace,
        name: first?.name ?? '',
      });
    }
    // All of the new one's lines, where of the others there is one each.
    if (seen.length > 5) break;
  }
  expect(seen).toHaveLength(6);
});

test('what has no log is said so', async () => {
  await expectError(logs({ pod: 'not-mine' }), Code.NotFound, 'POD_NOT_FOUND');
  await expectError(logs({ container: 'other' }), Code.FailedPrecondition, 'LOGS_NOT_READY');
  await expectError(logs({ container: 'other', follow: true }), Code.FailedPrecondition, 'LOGS_NOT_READY');
});

test('logs that the seller does not offer are the seller’s only', async () => {
  const { id } = await installer.ensure(installer.aProduct({ chart, ownerLogsOff: true }));
  await installer.until(id, InstallState.RUNNING);
  await expectError(logs({ installId: id }), Code.PermissionDenied, 'LOGS_NOT_OFFERED');
  expect((await logs({ installId: id }, 'seller')).length).toBeGreaterThan(0);
  expect((await installer.as('buyer').pods.listPods({ installId: id })).pods).toHaveLength(5);
});

test('before it is placed, and after it is gone, an install has no pods', async () => {
  const { id, orderId } = await installer.ensure(installer.aProduct({ clusterIds: [] }));
  expect((await installer.as('buyer').pods.listPods({ installId: id })).pods).toEqual([]);
  await expectError(logs({ installId: id }), Code.NotFound, 'POD_NOT_FOUND');
  await installer.billing.endInstall({ orderId });
  await installer.until(id, InstallState.DELETED);
  expect((await installer.as('buyer').pods.listPods({ installId: id })).pods).toEqual([]);
});

test('a cluster that does not answer is said to be unreachable, without its address', async () => {
  await addFault(installer.sim, { kind: 'outage' });
  const listed = () => installer.as('buyer').pods.listPods({ installId });
  for (const call of [listed, () => logs({}), () => logs({ follow: true })]) {
    const { message } = await expectError(call(), Code.Unavailable, 'CLUSTER_UNREACHABLE');
    expect(message).not.toMatch(/127\.0\.0\.1/);
  }
  await simulate(installer.sim, 'DELETE', 'faults');
});
