// Scaled to zero and back to exactly what it had, on kubesim and on a real control plane.
import { Code } from '@cnap/client';
import { newId } from '@cnap/ids';
import { connect, parseKubeconfig, type Cluster, type KubeObject } from '@cnap/kubernetes';
import { type Install, InstallDriftPolicy, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, expectError, realKubernetes } from '@cnap/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Overrides } from '../src/service.ts';
import { chartOf, deployment } from './charts.ts';
import { everyWorkload } from './every-workload.ts';
import { factsOf, objectsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

const real = await realKubernetes();
let installer: TestInstaller;
let faults: Overrides = {};
beforeAll(async () => {
  installer = await startTestInstaller();
});
beforeEach(async () => {
  if (faults === none) return;
  faults = none;
  await installer.restart();
});
afterAll(async () => {
  await installer[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
});
const none: Overrides = {};

const apps = ['Deployment', 'StatefulSet', 'ReplicaSet', 'DaemonSet'] as const;

/** What everything that makes pods has. */
async function scaleOf(cluster: Cluster, namespace: string): Promise<Record<string, unknown>> {
  const found: [string, unknown][] = [];
  const add = async (apiVersion: string, kind: string, value: (spec: Spec) => unknown) => {
    for (const object of await cluster.list({ apiVersion, kind }, { namespace })) {
      if (object.metadata.ownerReferences?.length) continue;
      const name = object.metadata.name.startsWith('cnap-') ? 'web' : object.metadata.name;
      found.push([`${kind} ${name}`, value(object['spec'] as Spec)]);
    }
  };
  for (const kind of apps) {
    await add('apps/v1', kind, (spec) =>
      kind === 'DaemonSet' ? Object.keys(spec.template?.spec?.nodeSelector ?? {}).length : spec.replicas,
    );
  }
  await add('batch/v1', 'CronJob', ({ suspend }) => suspend);
  await add('autoscaling/v2', 'HorizontalPodAutoscaler', ({ minReplicas, maxReplicas }) => [
    minReplicas,
    maxReplicas,
  ]);
  return Object.fromEntries(found);
}
type Spec = {
  replicas?: number;
  suspend?: boolean;
  minReplicas?: number;
  maxReplicas?: number;
  template?: { spec?: { nodeSelector?: object } };
};

const atRest = {
  'Deployment off': 0,
  'CronJob paused': true,
  'HorizontalPodAutoscaler web': [3, 9],
};
const awake = {
  ...atRest,
  'Deployment web': 3,
  'Deployment worker': 5,
  'StatefulSet data': 2,
  'ReplicaSet alone': 1,
  'DaemonSet agent': 0,
  'CronJob nightly': false,
};
const asleep = {
  ...atRest,
  'Deployment web': 0,
  'Deployment worker': 0,
  'StatefulSet data': 0,
  'ReplicaSet alone': 0,
  'DaemonSet agent': 1,
  'CronJob nightly': true,
};

const names = (objects: KubeObject[]) => objects.map(({ metadata }) => `${metadata.name} ${metadata.uid}`);
/** What stays whatever becomes of the pods, by name and uid. */
const kept = async (cluster: Cluster, namespace: string) => [
  ...names(await cluster.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' }, { namespace })),
  ...names(await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace })),
  ...names(
    await cluster.list({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' }, { namespace }),
  ),
];
const podsOf = async (cluster: Cluster, namespace: string) =>
  (await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace })).length;

const seller = () => installer.as('seller').installs;

/** Runs with five workers, which a person wanted, and three of what the autoscaler has. */
async function running(kubeconfig: string, cluster: Cluster, orderId = newId('ord')) {
  const { clusterId, regionId } = installer.peers.aCluster(kubeconfig, {
    settings: { baseDomain: 'apps.example.com' },
  });
  const product = installer.aProduct({ clusterIds: [clusterId], chart: everyWorkload() });
  const { id } = await eventually(() => installer.ensure(product, { orderId, regionId }));
  const { namespace } = await installer.until(id, InstallState.RUNNING);
  await seller().updateInstall({ id, driftPolicy: InstallDriftPolicy.WARN });
  const scale = (name: string, replicas: number) =>
    cluster.patch({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name }, { spec: { replicas } });
  await scale('worker', 5);
  if (kubeconfig === installer.sim.kubeconfig) await scale(namespace, 3); // it has no autoscaler
  await eventually(async () => expect(await scaleOf(cluster, namespace)).toEqual(awake), {
    timeoutMs: 60_000,
  });
  await installer.until(id, InstallState.RUNNING);
  return { id, namespace, orderId, scale };
}

const hibernated = (id: string) => installer.until(id, InstallState.HIBERNATED);
const again = async (id: string): Promise<Install> => {
  await eventually(() => seller().reviveInstall({ id }));
  return installer.until(id, InstallState.RUNNING);
};

describe.each(['kubesim', 'a real control plane'])('on %s', (where) => {
  const kubeconfigOf = () => (where === 'kubesim' ? installer.sim.kubeconfig : (real?.kubeconfig ?? ''));
  const skip = where !== 'kubesim' && !real;

  test.skipIf(skip)('everything goes to zero, nothing else goes, and all of it returns', async () => {
    await using cluster = connect(parseKubeconfig(kubeconfigOf()));
    const { id, namespace, orderId } = await running(kubeconfigOf(), cluster);
    const before = await kept(cluster, namespace);
    await seller().hibernateInstall({ id });
    const { conditions, message, workloads } = await hibernated(id).then((install) => ({
      ...install,
      workloads: install.progress?.workloads ?? [],
    }));
    expect(message).toBe('Scaled to zero; its data is kept.');
    expect(conditions.find(({ type }) => type === 'Healthy')).toMatchObject({
      met: false,
      reason: 'Hibernated',
    });
    expect(workloads.some(({ ready }) => ready)).toBe(false);
    expect(await scaleOf(cluster, namespace)).toEqual(asleep);
    expect(await podsOf(cluster, namespace)).toBe(0);
    expect(await kept(cluster, namespace)).toEqual(before);
    if (where !== 'kubesim') {
      const name = { kind: 'HorizontalPodAutoscaler', namespace, name: namespace };
      await eventually(
        async () => {
          const found = await cluster.get({ apiVersion: 'autoscaling/v2', ...name });
          expect(JSON.stringify(found?.['status'])).toContain('ScalingDisabled');
        },
        { timeoutMs: 60_000 },
      );
      expect(await scaleOf(cluster, namespace)).toEqual(asleep);
    }
    // Asked again, it goes on sleeping.
    const { install } = await seller().hibernateInstall({ id });
    expect(install?.state).toBe(InstallState.HIBERNATED);
    await again(id);
    expect(await scaleOf(cluster, namespace)).toEqual(awake);
    expect(await kept(cluster, namespace)).toEqual(before);
    const facts = (await factsOf(installer, id)).map(({ fact }) => fact);
    // While pods come and go it may have been degraded for a moment; what a person scaled is told as drift, some time.
    const told = facts.filter((fact) => !['degraded', 'ready', 'detected'].includes(fact));
    expect(told.slice(told.indexOf('hibernate_requested'))).toEqual([
      'hibernate_requested',
      'hibernated',
      'revive_requested',
      'revived',
    ]);
    await seller().hibernateInstall({ id });
    await hibernated(id);
    await installer.billing.endInstall({ orderId });
    await installer.until(id, InstallState.DELETED);
    expect(await objectsOf(cluster, id)).toEqual([]);
  });

  // Cuts are the installer's own affair: one of the clusters will do.
  test.skipIf(where !== 'kubesim').each(['cut', 'repeated'])(
    'every call %s: the same in the end',
    async (fault) => {
      await using cluster = connect(parseKubeconfig(kubeconfigOf()));
      const { id, namespace, orderId } = await running(kubeconfigOf(), cluster);
      const cuts = new Map<string, number>();
      const afterExternalCall = (name: string) => {
        const count = cuts.get(name) ?? 0;
        cuts.set(name, count + 1);
        if (count % 2 === 0 && count < 12) throw new Error(`crash after ${name}`);
      };
      faults = fault === 'cut' ? { afterExternalCall } : { repeatExternalCalls: true };
      await installer.restart(faults);
      await seller().hibernateInstall({ id });
      await hibernated(id);
      expect(await scaleOf(cluster, namespace)).toEqual(asleep);
      await again(id);
      expect(await scaleOf(cluster, namespace)).toEqual(awake);
      if (fault === 'cut') {
        expect(cuts.get('kubernetes.hibernate')).toBeGreaterThan(3);
        expect(cuts.get('kubernetes.revive')).toBeGreaterThan(1);
      }
      await installer.billing.endInstall({ orderId });
      await installer.until(id, InstallState.DELETED);
    },
  );
});

describe('on kubesim', () => {
  test('an update waits until it is revived; what is woken meanwhile, or gone, stays so', async () => {
    const cluster = installer.kubernetes;
    const { id, namespace, scale } = await running(installer.sim.kubeconfig, cluster);
    await seller().hibernateInstall({ id });
    await hibernated(id);
    const updates = [{ sourceId: 'src_sample', values: { workers: 4 } }];
    const { install } = await seller().updateInstallOverrides({ id, updates });
    expect(install).toMatchObject({ state: InstallState.HIBERNATED, revision: 1 });
    // A person looks into it: one pod, which is not taken away again.
    await scale(namespace, 1);
    await cluster.delete({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace, name: 'alone' });
    expect(await installer.get(id)).toMatchObject({ state: InstallState.HIBERNATED, revision: 1 });
    await seller().reviveInstall({ id });
    await eventually(async () =>
      expect(await installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision: 2 }),
    );
    expect(await scaleOf(cluster, namespace)).toEqual({
      ...awake,
      'Deployment web': 1,
      'Deployment worker': 4,
    });
  });

  test('changed one’s mind in the middle, at every call: all of it returns', async () => {
    const cluster = installer.kubernetes;
    const { id, namespace } = await running(installer.sim.kubeconfig, cluster);
    for (const call of [1, 2, 3]) {
      let calls = 0;
      faults = {
        afterExternalCall: async (name) => {
          if (name !== 'kubernetes.hibernate') return;
          calls += 1;
          if (calls === call) await seller().reviveInstall({ id });
        },
      };
      await installer.restart(faults);
      await seller().hibernateInstall({ id });
      await eventually(async () => {
        const facts = (await factsOf(installer, id)).map(({ fact }) => fact);
        expect(facts.filter((fact) => fact === 'revived')).toHaveLength(call);
      });
      expect(await scaleOf(cluster, namespace), `call ${call}`).toEqual(awake);
    }
    // And the other way round: back to sleep while it wakes.
    let revived = 0;
    faults = {
      afterExternalCall: async (name) => {
        if (name !== 'kubernetes.revive') return;
        revived += 1;
        if (revived === 1) await seller().hibernateInstall({ id });
      },
    };
    await installer.restart(faults);
    await seller().hibernateInstall({ id });
    await hibernated(id);
    await seller().reviveInstall({ id });
    await eventually(() => expect(revived).toBe(1));
    await hibernated(id);
    expect(await scaleOf(cluster, namespace)).toEqual(asleep);
    await again(id);
    expect(await scaleOf(cluster, namespace)).toEqual(awake);
  });

  test('an order that is not paid: only its payment wakes it, and late calls change nothing', async () => {
    const { id, orderId } = await running(installer.sim.kubeconfig, installer.kubernetes);
    const { billing } = installer;
    const { install } = await billing.hibernateOrderInstall({ orderId, orderVersion: 7n });
    expect(install?.id).toBe(id);
    const { reason, message } = await hibernated(id);
    expect({ reason, message }).toEqual({
      reason: 'Unpaid',
      message: 'Its order is not paid. Scaled to zero; its data is kept.',
    });
    await expectError(seller().reviveInstall({ id }), Code.FailedPrecondition, 'ORDER_UNPAID');
    await billing.reviveOrderInstall({ orderId, orderVersion: 6n });
    expect((await installer.get(id)).state).toBe(InstallState.HIBERNATED);
    // Its operator wants it to sleep as well: the payment does not undo that.
    await seller().hibernateInstall({ id });
    await billing.reviveOrderInstall({ orderId, orderVersion: 8n });
    await billing.hibernateOrderInstall({ orderId, orderVersion: 7n });
    expect((await installer.get(id)).state).toBe(InstallState.HIBERNATED);
    await again(id);
    // The answer to the first call was lost, and the order was paid: the call itself comes too late.
    await billing.reviveOrderInstall({ orderId, orderVersion: 10n });
    const late = await billing.hibernateOrderInstall({ orderId, orderVersion: 9n });
    expect(late.install?.state).toBe(InstallState.RUNNING);
    expect((await installer.get(id)).state).toBe(InstallState.RUNNING);
    const nothing = await billing.hibernateOrderInstall({ orderId: newId('ord'), orderVersion: 1n });
    expect(nothing.install).toBeUndefined();
  });

  test('who may: the operator, of what has run', async () => {
    const { id } = await running(installer.sim.kubeconfig, installer.kubernetes);
    for (const call of ['hibernateInstall', 'reviveInstall'] as const) {
      const as = (person: 'buyer' | 'stranger') => installer.as(person).installs[call]({ id });
      await expectError(as('buyer'), Code.PermissionDenied, 'OPERATOR_ONLY');
      await expectError(as('stranger'), Code.NotFound, 'INSTALL_NOT_FOUND');
    }
    const { install } = await seller().reviveInstall({ id });
    expect(install?.state).toBe(InstallState.RUNNING);
    const broken = await installer.ensure(
      installer.aProduct({ chart: chartOf({ 'x.yaml': deployment('registry.invalid/none:1') }) }),
    );
    await expectError(seller().hibernateInstall({ id: broken.id }), Code.FailedPrecondition, 'INSTALL_STATE');
  });
});
