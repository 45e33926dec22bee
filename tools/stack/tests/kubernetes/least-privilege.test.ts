// What an import asks for is what a sale needs: with the offered ClusterRole and nothing else, on a real control plane
// that writes down every request.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code } from '@cnap/client';
import { connect, parseKubeconfig } from '@cnap/kubernetes';
import { startKubernetes } from '@cnap/programs';
import { OrderState } from '@cnap/proto/cnap/billing/v1/order';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { PodService } from '@cnap/proto/cnap/installer/v1/pod_service';
import { eventually, expectError } from '@cnap/testing';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { expect, test } from 'vitest';
import { buy } from '../../src/sale/buy.ts';
import { startPlatform, type Platform } from '../platform.ts';
import { aProduct, untilInstall, untilOrder } from '../sales.ts';
import { startChartsOfEverything } from './chart-of-everything.ts';
import { aServiceAccount, requestsOf } from './service-account.ts';

const noBinaries = !process.env['KUBEBUILDER_ASSETS'];
if (noBinaries) process.stderr.write('skipped on real Kubernetes: set KUBEBUILDER_ASSETS\n');

/**
 * The API server asks for `create`, `bind` and `escalate` within a patch, which its audit log does not tell; whether one
 * object of a kind is read alone is a matter of moments, as is what somebody did to it.
 */
const told = new Set(['list', 'watch', 'patch', 'delete']);
/**
 * What is not asked for at an import, and done without: no chart brings ReplicationControllers, and what was given back
 * is no longer watched.
 */
const doneWithout = new Set([
  'list replicationcontrollers.',
  'watch gadgets.everything.example.com',
  'list gadgets.everything.example.com',
]);
type Permission = { group: string; resource: string; verb: string };

test.skipIf(noBinaries)('with the offered ClusterRole, and nothing else, sales work', async () => {
  await using parts = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'cnap-kubernetes-'));
  parts.defer(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  const kubernetes = parts.use(await startKubernetes({ dataDir, shellsOnThisMachine: true, audit: true }));
  const platform = parts.use(await startPlatform());
  const charts = parts.use(await startChartsOfEverything());
  const cluster = parts.use(connect(parseKubeconfig(kubernetes.kubeconfig)));
  const account = parts.use(await aServiceAccount(kubernetes.kubeconfigPath, 'importer'));
  const { clusters, regions } = platform.as('seller');
  const { region } = await regions.createRegion({ name: 'Restricted' });
  const imported = (clusterWideObjectsForbidden: boolean) =>
    clusters.importCluster({
      name: 'Restricted',
      regionId: region?.id ?? '',
      kubeconfig: account.kubeconfig,
      settings: { clusterWideObjectsForbidden },
    });
  const refused = await expectError(imported(true), Code.FailedPrecondition, 'PERMISSIONS_MISSING');
  const role = refused.metadata['cluster_role_yaml'] ?? '';
  expect(role).not.toContain('customresourcedefinitions');
  await account.grantAsPrinted(role);
  const { cluster: made } = await eventually(() => imported(true));
  const clusterId = made?.id ?? '';

  const sell = (chart: string) => sellOnce(platform, { repoUrl: charts.url, chart }, clusterId, cluster);
  await sell('tame');
  const tame = await requestsOf(kubernetes.auditLogPath, 'importer');
  expect([...tame.refused].filter((one) => !doneWithout.has(one))).toEqual([]);

  /** What a buyer is told instead of being asked for money. */
  const refusedTo = async (chart: string) => {
    const offer = { chart: { repoUrl: charts.url, chart }, price: 'one-time' as const, clusterId };
    const productId = await aProduct(platform, offer);
    const checkout = platform.as('buyer').checkouts.createCheckout({ productId, regionId: region?.id ?? '' });
    return (await expectError(checkout, Code.FailedPrecondition, 'CHECKOUT_REFUSED')).metadata['FIT'];
  };
  expect(await refusedTo('taken')).toBe('CLUSTER_WIDE_OBJECTS_FORBIDDEN');

  // Cluster-wide objects from now on: what is missing for them is offered, and what was granted before stays.
  const allow = () =>
    clusters.updateCluster({ id: clusterId, settings: { clusterWideObjectsForbidden: false } });
  const more = await expectError(allow(), Code.FailedPrecondition, 'PERMISSIONS_MISSING');
  expect(more.metadata['cluster_role_yaml']).not.toContain('deployments');
  await account.grantAsPrinted(more.metadata['cluster_role_yaml'] ?? '');
  await eventually(allow);
  await sell('everything');
  expect(await refusedTo('taken')).toBe('OBJECT_TAKEN');

  const { made: requests, refused: forbidden } = await requestsOf(kubernetes.auditLogPath, 'importer');
  expect([...forbidden].filter((one) => !doneWithout.has(one))).toEqual([]);
  for (const kind of ['ClusterRole', 'ClusterRoleBinding']) {
    const ref = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind,
      name: 'cnap-crd-gadgets.everything.example.com',
    };
    expect(await cluster.get(ref), 'what it gave itself it has given back').toBeUndefined();
  }
  // Nothing is asked for that nothing uses.
  const asked = [refused, more].flatMap(
    ({ metadata }) => JSON.parse(metadata['missing_permissions'] ?? '[]') as Permission[],
  );
  const words = asked.map(({ group, resource, verb }) => `${verb} ${resource}.${group}`);
  const kindsAsked = words.filter((_, index) => told.has(asked[index]?.verb ?? ''));
  expect(kindsAsked.filter((one) => !requests.has(one))).toEqual([]);
  const single = [
    'list events.',
    'list nodes.',
    'get pods/log.',
    'get pods/exec.',
    'list pods.',
    'watch deployments.apps',
  ];
  expect(words).toEqual(expect.arrayContaining(single));
  expect(single.filter((one) => !requests.has(one))).toEqual([]);
});

/** Bought, read, entered, changed, refunded and gone. */
async function sellOnce(
  platform: Platform,
  chart: { repoUrl: string; chart: string },
  clusterId: string,
  cluster: Platform['witnesses']['cluster'],
): Promise<void> {
  const productId = await aProduct(platform, { chart, price: 'one-time', clusterId });
  const purchase = await buy(
    {
      client: platform.as('buyer'),
      witnesses: { ...platform.witnesses, cluster },
      productId,
      regionId: undefined,
      decline: false,
      onStep: () => undefined,
    },
    AbortSignal.timeout(200_000),
  );
  expect(purchase.error).toBeUndefined();
  const { installId, orderId } = purchase;
  const { installs, pods, orders } = platform.as('seller');
  const { pods: running } = await pods.listPods({ installId });
  const pod = running.find(({ ready, name }) => ready && !name.includes('-set'))?.name ?? '';
  let log = '';
  for await (const { line } of pods.streamPodLogs({ installId, pod, follow: false })) log += line;
  expect(log).not.toBe('');
  expect(await shell(platform, installId)).toBe('from the container\n');

  const { install } = await installs.getInstall({ id: installId });
  const { product } = await platform.as('seller').products.getProduct({ id: productId });
  const { template } = await platform.as('seller').templates.getTemplate({ id: product?.templateId ?? '' });
  const sourceId = template?.sources[0]?.id ?? '';
  await installs.updateInstallOverrides({ id: installId, updates: [{ sourceId, values: { title: 'new' } }] });
  await untilInstall(platform, installId, (now) => now.state === InstallState.RUNNING && now.revision === 2);
  await installs.hibernateInstall({ id: installId });
  await untilInstall(platform, installId, ({ state }) => state === InstallState.HIBERNATED);
  await installs.reviveInstall({ id: installId });
  await untilInstall(platform, installId, ({ state }) => state === InstallState.RUNNING);
  await orders.refundOrder({ id: orderId });
  await untilOrder(platform, orderId, OrderState.ENDED);
  await untilInstall(platform, installId, ({ state }) => state === InstallState.DELETED);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', name: install?.namespace ?? '' };
  expect(await cluster.get(namespace)).toBeUndefined();
}

async function shell(platform: Platform, installId: string): Promise<string> {
  async function* start() {
    const command = ['/bin/sh', '-c', 'echo from the container'];
    yield { message: { case: 'start' as const, value: { installId, command } } };
  }
  const client = createClient(PodService, createGrpcTransport({ baseUrl: platform.url }));
  const { token, workspace_id } = platform.sample.seller;
  const headers = { authorization: `Bearer ${token}`, 'x-workspace-id': workspace_id };
  let output = '';
  for await (const { message } of client.execPod(start(), { headers })) {
    if (message.case === 'output') output += Buffer.from(message.value).toString();
  }
  return output;
}
