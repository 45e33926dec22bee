// A webhook that judges objects and does not answer: others go on, and what it holds up goes on with it.
import { connect, parseKubeconfig, type KubeObject } from '@cnap/kubernetes';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, realKubernetes } from '@cnap/testing';
import { expect, test } from 'vitest';
import { chartOf } from './charts.ts';
import { startTestInstaller } from './test-installer.ts';

const real = await realKubernetes();
const guarded = { app: 'guarded' };
const configMap = JSON.stringify({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'guarded', labels: guarded },
});
/** Asked about everything that is labelled so; nobody listens at its address. */
const webhook: KubeObject = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'guard.example.com' },
  webhooks: [
    {
      name: 'guard.example.com',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          resources: ['configmaps'],
          operations: ['CREATE', 'UPDATE', 'DELETE'],
        },
      ],
      objectSelector: { matchLabels: guarded },
      failurePolicy: 'Fail',
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 1,
    },
  ],
};

test.skipIf(!real)('an admission webhook that is down is waited for, and holds up nobody else', async () => {
  await using installer = await startTestInstaller();
  await using kubernetes = connect(parseKubeconfig(real?.kubeconfig ?? ''));
  const { clusterId, regionId } = installer.peers.aCluster(real?.kubeconfig ?? '');
  const { apiVersion, kind, metadata } = webhook;
  const heal = () => kubernetes.delete({ apiVersion, kind, name: metadata.name });
  const fail = () => kubernetes.apply(webhook, { fieldManager: 'test' });
  const ensure = (change: Parameters<typeof installer.aProduct>[0] = {}) =>
    installer.ensure(installer.aProduct({ clusterIds: [clusterId], ...change }), { regionId });

  await fail();
  const { id, orderId } = await ensure({ chart: chartOf({ 'guarded.yaml': configMap }) });
  await eventually(async () =>
    expect(await installer.get(id)).toMatchObject({
      state: InstallState.DEPLOYING,
      message: expect.stringContaining('guard.example.com'),
    }),
  );
  const other = await ensure();
  await installer.until(other.id, InstallState.RUNNING);
  await heal();
  await installer.until(id, InstallState.RUNNING);

  await fail();
  await installer.billing.endInstall({ orderId });
  await eventually(async () =>
    expect(await installer.get(id)).toMatchObject({
      state: InstallState.DELETING,
      message: expect.stringContaining('guard.example.com'),
    }),
  );
  expect((await installer.get(other.id)).state).toBe(InstallState.RUNNING);
  await heal();
  await installer.until(id, InstallState.DELETED);
  await installer.billing.endInstall({ orderId: other.orderId });
  await installer.until(other.id, InstallState.DELETED);
});
