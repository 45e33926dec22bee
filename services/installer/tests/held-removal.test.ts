// What holds up a removal: named, not waited for without end, and never at the price of what nobody could see then.
import { Code } from '@cnap/client';
import { newId } from '@cnap/ids';
import { connect, parseKubeconfig, type Cluster } from '@cnap/kubernetes';
import { type Install, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, expectError, realKubernetes, widgetCrd } from '@cnap/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartOf, deployment } from './charts.ts';
import type { NewProduct } from './peers.ts';
import { startTestInstaller, type TestInstaller } from './test-installer.ts';

const real = await realKubernetes();
let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller({}, { CNAP_FINALIZERS_AFTER: '6s' });
});
afterAll(async () => {
  await installer[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
});

const holder = 'example.com/holds';
const web = deployment('docker.io/library/nginx:1');
const config = (name: string, metadata = '') =>
  `{ apiVersion: v1, kind: ConfigMap, metadata: { name: ${name}${metadata} } }`;
const held = (name: string) => config(name, `, finalizers: [${holder}]`);
const group = `things${Date.now().toString(36)}.example.com`;
const crd = JSON.stringify(widgetCrd(group));

// Side by side: most of the time is waiting.
describe.each(['kubesim', 'a real control plane'])('on %s', { concurrent: true }, (where) => {
  const kubeconfigOf = () => (where === 'kubesim' ? installer.sim.kubeconfig : (real?.kubeconfig ?? ''));
  const skip = where !== 'kubesim' && !real;

  async function running(product: Partial<NewProduct>) {
    const { clusterId, regionId } = installer.peers.aCluster(kubeconfigOf());
    const made = installer.aProduct({ clusterIds: [clusterId], ...product });
    const orderId = newId('ord');
    const { id } = await installer.ensure(made, { regionId, orderId });
    const { namespace } = await installer.until(id, InstallState.RUNNING);
    return { id, orderId, namespace, clusterId };
  }
  const deleted = (id: string) => installer.until(id, InstallState.DELETED);
  const receiptOf = async (id: string) => {
    const answer = await installer.as('seller').installs.getDeletionReceipt({ installId: id });
    return (answer.deletionReceipt?.objects ?? []).map(
      ({ kind, name, outcome }) => `${kind} ${name} ${outcome}`,
    );
  };
  const conditionOf = ({ conditions }: Install, type: string) => conditions.find((one) => one.type === type);
  const inCluster = async (work: (cluster: Cluster) => Promise<void>) => {
    await using cluster = connect(parseKubeconfig(kubeconfigOf()));
    await work(cluster);
  };

  test.skipIf(skip)('finalizers of an object, and of what somebody else made: named, then removed', () =>
    inCluster(async (cluster) => {
      const { id, orderId, namespace } = await running({
        chart: chartOf({ 'web.yaml': web, 'held.yaml': held('held') }),
      });
      await cluster.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace, name: 'strange', finalizers: [holder] },
      });
      await installer.billing.endInstall({ orderId });
      const told = await eventually(async () => {
        const install = await installer.get(id);
        expect(install.message).toBe(`ConfigMap ${namespace}/held is held by ${holder}`);
        return install;
      });
      expect(conditionOf(told, 'Removed')).toMatchObject({ met: false, reason: 'Finalizers' });
      await eventually(async () =>
        expect((await installer.get(id)).message).toContain(
          `ConfigMap ${namespace}/strange is held by ${holder}`,
        ),
      );
      const gone = await deleted(id);
      expect(conditionOf(gone, 'FinalizersRemoved')).toMatchObject({
        met: true,
        message: `ConfigMap ${namespace}/strange was held by ${holder}: nobody let go of it in time.`,
      });
      expect(conditionOf(gone, 'Removed')).toMatchObject({ met: true });
      expect(await receiptOf(id)).toEqual(
        expect.arrayContaining(['ConfigMap held deleted', `Namespace ${namespace} deleted`]),
      );
      expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeUndefined();
    }),
  );

  test.skipIf(skip)('what an update no longer has: the update does not wait for it without end', async () => {
    const { id, orderId, namespace } = await running({
      chart: chartOf({
        'web.yaml': web,
        'held.yaml': `{{ if not .Values.without }}\n${held('held')}\n{{ end }}`,
      }),
    });
    const updates = [{ sourceId: 'src_sample', values: { without: true } }];
    await installer.as('seller').installs.updateInstallOverrides({ id, updates });
    await eventually(async () =>
      expect(await installer.get(id)).toMatchObject({
        state: InstallState.UPDATING,
        message: `ConfigMap ${namespace}/held is held by ${holder}`,
      }),
    );
    await eventually(async () =>
      expect(await installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision: 2 }),
    );
    await installer.billing.endInstall({ orderId });
    await deleted(id);
  });

  test.skipIf(skip)('a definition goes only after its resources, whoever holds them', () =>
    inCluster(async (cluster) => {
      const { id, orderId, namespace } = await running({
        chart: chartOf({ 'web.yaml': web, 'crd.yaml': crd }),
      });
      const widgets = { apiVersion: `${group}/v1`, kind: 'Widget' };
      await cluster.kinds({ refresh: true });
      await cluster.create({ ...widgets, metadata: { namespace, name: 'w', finalizers: [holder] } });
      await installer.billing.endInstall({ orderId });
      await eventually(async () =>
        expect((await installer.get(id)).message).toContain(`Widget ${namespace}/w is held by ${holder}`),
      );
      await deleted(id);
      const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
      expect(await cluster.get({ ...definition, name: `widgets.${group}` })).toBeUndefined();
      expect(await receiptOf(id)).toContain(`CustomResourceDefinition widgets.${group} deleted`);
    }),
  );

  test.skipIf(skip)('volumes stay in the namespace for as long as the product keeps them', () =>
    inCluster(async (cluster) => {
      const claim = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;
      const mounted = web.replace(
        '      containers:',
        '      volumes: [{ name: d, persistentVolumeClaim: { claimName: data } }]\n      containers:',
      );
      const { id, orderId, namespace } = await running({
        chart: chartOf({ 'web.yaml': mounted, 'data.yaml': claim }),
        retainVolumesDays: 2,
      });
      const { gone } = await installer.billing.endInstall({ orderId });
      expect(gone).toBe(false);
      const kept = await eventually(async () => {
        const install = await installer.get(id);
        expect(install.message).toMatch(/^Everything else is removed; its volumes are kept until 20/);
        return install;
      });
      expect(kept.state).toBe(InstallState.DELETING);
      expect(conditionOf(kept, 'VolumesKept')?.met).toBe(true);
      const list = (apiVersion: string, kind: string) => cluster.list({ apiVersion, kind }, { namespace });
      expect(await list('apps/v1', 'Deployment')).toEqual([]);
      const claims = await list('v1', 'PersistentVolumeClaim');
      expect(claims.map(({ metadata }) => [metadata.name, metadata.deletionTimestamp])).toEqual([
        ['data', undefined],
      ]);
      await expectError(receiptOf(id), Code.FailedPrecondition, 'RECEIPT_NOT_READY');
      await installer.database.db.acrossWorkspaces(async (tx) => {
        await sql`update installs set step_at = step_at - interval '2 days' where id = ${id}`.execute(tx);
        await sql`update reconcile_task set due_at = now() where kind = 'install' and key = ${id}`.execute(
          tx,
        );
      });
      await deleted(id);
      expect(await receiptOf(id)).toContain('PersistentVolumeClaim data deleted');
    }),
  );
});

test.skipIf(!real)('an API that is down is named, and the namespace ends when it is no longer', async () => {
  const kubeconfig = real?.kubeconfig ?? '';
  await using cluster = connect(parseKubeconfig(kubeconfig));
  const { clusterId, regionId } = installer.peers.aCluster(kubeconfig);
  const orderId = newId('ord');
  const product = installer.aProduct({ clusterIds: [clusterId], chart: chartOf({ 'web.yaml': web }) });
  const { id } = await installer.ensure(product, { regionId, orderId });
  const { namespace } = await installer.until(id, InstallState.RUNNING);
  const name = 'v1beta1.broken.example.com';
  await cluster.create({
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name },
    spec: {
      group: 'broken.example.com',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { namespace: 'default', name: 'nowhere', port: 443 },
    },
  });
  try {
    await installer.billing.endInstall({ orderId });
    const told = await eventually(async () => {
      const install = await installer.get(id);
      expect(install.message).toContain(
        'The namespace cannot finish while broken.example.com/v1beta1 does not answer;',
      );
      return install;
    });
    expect(told.state).toBe(InstallState.DELETING);
    expect(told.conditions.find(({ type }) => type === 'Removed')?.reason).toBe(
      'NamespaceDeletionDiscoveryFailure',
    );
    const space = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    expect(space?.['spec']).toEqual({ finalizers: ['kubernetes'] });
  } finally {
    await cluster.delete({ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', name });
  }
  await installer.until(id, InstallState.DELETED);
  expect(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace })).toBeUndefined();
});
