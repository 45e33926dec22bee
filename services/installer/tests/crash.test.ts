// A crash after every external call, and every external call made twice: one namespace, one release, nothing left.
import { newId } from '@cnap/ids';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, widgetCrd } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Overrides } from '../src/service.ts';
import { chartOf, deployment } from './charts.ts';
import { factsOf, objectsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(() => installer[Symbol.asyncDispose]());

const crd = JSON.stringify(widgetCrd('crash.example'));
const job = (event: string) => `
apiVersion: batch/v1
kind: Job
metadata:
  name: "{{ .Release.Name }}-${event}"
  annotations: { helm.sh/hook: ${event}, helm.sh/hook-delete-policy: "before-hook-creation,hook-succeeded" }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: hook, image: docker.io/library/busybox:1.37 }]
`;
/** Something of everything: a CRD and its resource, all four hooks, a cluster-wide object, a claim of a StatefulSet. */
const chart = chartOf({
  'crd.yaml': crd,
  'widget.yaml': `{ apiVersion: crash.example/v1, kind: Widget, metadata: { name: "{{ .Release.Name }}" } }`,
  'role.yaml': `{ apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: { name: "{{ .Release.Name }}" } }`,
  'web.yaml': deployment('docker.io/library/nginx:1'),
  'data.yaml': `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: "{{ .Release.Name }}" }
spec:
  serviceName: data
  selector: { matchLabels: { app: data } }
  template:
    metadata: { labels: { app: data } }
    spec: { containers: [{ name: data, image: "docker.io/library/redis:7" }] }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`,
  'pre-install.yaml': job('pre-install'),
  'post-install.yaml': job('post-install'),
  'pre-delete.yaml': job('pre-delete'),
  'post-delete.yaml': job('post-delete'),
});
const kinds = [
  { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', clusterWide: true },
  { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', clusterWide: true },
];

/** Throws once per call name and count of the calls of that name. */
function crashEverywhere(most: number): { overrides: Overrides; crashed: Map<string, number> } {
  const crashed = new Map<string, number>();
  let crashNext = new Map<string, boolean>();
  const afterExternalCall = (name: string) => {
    const due = crashNext.get(name) ?? true;
    crashNext = crashNext.set(name, !due);
    const count = crashed.get(name) ?? 0;
    if (!due || count >= most) return;
    crashed.set(name, count + 1);
    throw new Error(`crash after ${name}`);
  };
  return { overrides: { afterExternalCall }, crashed };
}

async function lifeOfOne(): Promise<{ receipt: string[]; namespace: string }> {
  const product = installer.aProduct({ chart, package: { kinds } });
  const orderId = newId('ord');
  const { id } = await eventually(() => installer.ensure(product, { orderId }));
  const running = await installer.until(id, InstallState.RUNNING);
  expect(running.revision).toBe(1);
  const namespaces = (await objectsOf(installer.kubernetes, id)).filter((one) => one.startsWith('Namespace'));
  expect(namespaces).toEqual([`Namespace ${running.namespace}`]);
  const { releases } = await installer.as('seller').releases.listReleases({ installId: id });
  expect(releases).toHaveLength(1);
  await installer.billing.endInstall({ orderId });
  await installer.until(id, InstallState.DELETED);
  expect(await objectsOf(installer.kubernetes, id)).toEqual([]);
  const crds = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };
  expect(await installer.kubernetes.get({ ...crds, name: 'widgets.crash.example' })).toBeUndefined();
  expect((await factsOf(installer, id)).map(({ fact }) => fact)).toEqual([
    'created',
    'deploying',
    'ready',
    'deleting',
    'deleted',
  ]);
  const { deletionReceipt } = await installer.as('buyer').installs.getDeletionReceipt({ installId: id });
  const names = deletionReceipt?.objects.map(({ kind, name }) => `${kind} ${name}`) ?? [];
  expect(new Set(names).size).toBe(names.length);
  const stateful = running.progress?.workloads.find(({ kind }) => kind === 'StatefulSet')?.name ?? '';
  expect(names).toContain(`PersistentVolumeClaim data-${stateful}-0`);
  return { receipt: names, namespace: running.namespace };
}

test('a crash after every external call changes nothing in the end', async () => {
  const { overrides, crashed } = crashEverywhere(4);
  await installer.restart(overrides);
  const { receipt, namespace } = await lifeOfOne();
  expect(receipt.at(-1)).toBe(`Namespace ${namespace}`);
  expect([...crashed.keys()]).toEqual(
    expect.arrayContaining([
      'catalog.product',
      'catalog.artifact',
      'clusters.candidates',
      'clusters.kubeconfig',
      ...['capabilities', 'prepareNamespace', 'applyCrds', 'applyObjects', 'runHooks', 'observeHealth'].map(
        (name) => `kubernetes.${name}`,
      ),
      ...['removeObjects', 'listVolumeClaims', 'removeNamespace'].map((name) => `kubernetes.${name}`),
    ]),
  );
});

test('every external call made twice changes nothing in the end', async () => {
  await installer.restart({ repeatExternalCalls: true });
  const { receipt, namespace } = await lifeOfOne();
  expect(receipt.at(-1)).toBe(`Namespace ${namespace}`);
});

test('a service that ends in the middle goes on where it was, at whatever step that is', async () => {
  for (const name of [
    'clusters.candidates',
    'kubernetes.prepareNamespace',
    'kubernetes.applyObjects',
    'kubernetes.removeObjects',
  ]) {
    const reached = Promise.withResolvers<void>();
    const stuck = new AbortController();
    await installer.restart({
      afterExternalCall: async (called) => {
        if (called !== name || stuck.signal.aborted) return;
        reached.resolve();
        // Frozen until the process is stopped: nothing after this call is written.
        await new Promise((resolve) => stuck.signal.addEventListener('abort', resolve));
        throw new Error('killed');
      },
    });
    const orderId = newId('ord');
    const ensured = installer.ensure(installer.aProduct({ chart, package: { kinds } }), { orderId });
    if (name === 'kubernetes.removeObjects') {
      const { id } = await ensured;
      await installer.until(id, InstallState.RUNNING);
      await installer.billing.endInstall({ orderId });
    }
    await reached.promise;
    stuck.abort();
    await installer.restart();
    const { id } = await ensured;
    if (name !== 'kubernetes.removeObjects') await installer.until(id, InstallState.RUNNING);
    await installer.billing.endInstall({ orderId });
    await installer.until(id, InstallState.DELETED);
    expect(await objectsOf(installer.kubernetes, id), name).toEqual([]);
  }
});

test('a removal that begins at any moment of a deployment leaves nothing', async () => {
  const moments = [
    'clusters.candidates',
    'kubernetes.capabilities',
    'kubernetes.prepareNamespace',
    'kubernetes.applyCrds',
    'kubernetes.runHooks',
    'kubernetes.applyObjects',
    'kubernetes.observeHealth',
  ];
  let moment = '';
  let orderId = '';
  await installer.restart({
    afterExternalCall: async (name) => {
      if (name !== moment) return;
      moment = '';
      await installer.billing.endInstall({ orderId, reason: 'Changed my mind.' });
    },
  });
  for (const name of moments) {
    orderId = newId('ord');
    moment = name;
    const { id } = await installer.ensure(installer.aProduct({ chart, package: { kinds } }), { orderId });
    await installer.until(id, InstallState.DELETED);
    expect(moment, name).toBe('');
    expect(await objectsOf(installer.kubernetes, id), name).toEqual([]);
    const facts = (await factsOf(installer, id)).map(({ fact }) => fact);
    expect(facts.at(-1), name).toBe('deleted');
    expect(facts, name).not.toContain('ready');
  }
});
