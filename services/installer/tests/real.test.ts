// The same life on kubesim and on a real control plane, with our chart and charts that people use.
import { connect, parseKubeconfig, type Cluster } from '@cnap/kubernetes';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { chartsFolder, eventually, realKubernetes } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realChart, sampleChart } from './charts.ts';
import { objectsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

const charts = chartsFolder();
if (!charts) process.stderr.write('skipped with real charts: set CNAP_TEST_CHARTS\n');
const real = await realKubernetes();
let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(async () => {
  await installer[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
});

/** Values without which a chart cannot become healthy where no container really runs, or on one node. */
const values: Record<string, object> = { vault: { vault: { server: { dev: { enabled: true } } } } };
const clusterWide = [
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'IngressClass',
  'GatewayClass',
  'MutatingWebhookConfiguration',
];
const versions: Record<string, string> = {
  CustomResourceDefinition: 'apiextensions.k8s.io/v1',
  IngressClass: 'networking.k8s.io/v1',
  GatewayClass: 'gateway.networking.k8s.io/v1',
  MutatingWebhookConfiguration: 'admissionregistration.k8s.io/v1',
};
const kinds = clusterWide.map((kind) => ({
  apiVersion: versions[kind] ?? 'rbac.authorization.k8s.io/v1',
  kind,
  clusterWide: true,
}));

describe.concurrent.each(['kubesim', 'a real control plane'])('on %s', (where) => {
  const names = ['sample', ...(charts ? ['podinfo', 'nats', 'vault', 'traefik'] : [])];
  test.skipIf(where !== 'kubesim' && !real).each(names)(
    '%s is deployed, runs, and is removed',
    async (name) => {
      const kubeconfig = where === 'kubesim' ? installer.sim.kubeconfig : (real?.kubeconfig ?? '');
      await using kubernetes = connect(parseKubeconfig(kubeconfig));
      const { clusterId, regionId } = installer.peers.aCluster(kubeconfig);
      const product = installer.aProduct({
        clusterIds: [clusterId],
        chart: name === 'sample' ? sampleChart() : realChart(charts ?? '', name),
        values: (values[name] ?? {}) as Record<string, never>,
        package: { kinds, sources: [{ sourceId: 'src_one', alias: name }] },
      });
      const { id, orderId } = await installer.ensure(product, { regionId });
      const { progress, notes } = await installer.until(id, InstallState.RUNNING);
      expect(progress?.objectsApplied).toBe(progress?.objectsTotal);
      expect(progress?.workloads.length).toBeGreaterThan(0);
      expect(progress?.workloads.every(({ ready }) => ready)).toBe(true);
      if (name === 'sample') expect(notes).toContain('Visitors see the page');
      if (name === 'sample') await updated(id, kubernetes);
      // Defaults, conversions and controllers are no difference.
      const { releaseId } = await installer.get(id);
      const { releaseDiff } = await installer.as('seller').releases.diffReleases({ id: releaseId });
      expect(releaseDiff?.objects).toEqual([]);
      const before = await objectsOf(kubernetes, id);
      await installer.billing.endInstall({ orderId });
      await installer.until(id, InstallState.DELETED);
      expect(await objectsOf(kubernetes, id)).toEqual([]);
      const { deletionReceipt } = await installer.as('seller').installs.getDeletionReceipt({ installId: id });
      const removed = deletionReceipt?.objects.map((object) => `${object.kind} ${object.name}`) ?? [];
      expect(removed).toEqual(expect.arrayContaining(before));
      expect(removed.at(-1)).toMatch(/^Namespace /);
    },
  );
});

/** Changes a value of the sample; its generated password stays what it was. */
async function updated(id: string, kubernetes: Cluster): Promise<void> {
  const { namespace } = await installer.get(id);
  const data = async (kind: string) =>
    (await kubernetes.list({ apiVersion: 'v1', kind }, { namespace })).find(({ metadata }) =>
      metadata.name.endsWith('-sample'),
    )?.['data'];
  const password = await data('Secret');
  expect(password).toMatchObject({ password: expect.any(String) });
  const updates = [{ sourceId: 'src_one', values: { title: 'Another title' } }];
  await installer.as('seller').installs.updateInstallOverrides({ id, updates });
  await eventually(async () =>
    expect(await installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision: 2 }),
  );
  expect(await data('Secret')).toEqual(password);
  expect(JSON.stringify(await data('ConfigMap'))).toContain('Another title');
}
