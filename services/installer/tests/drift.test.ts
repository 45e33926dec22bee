// Somebody changes or removes what an install applied: seen, shown, corrected or left; no fight with controllers.
import { Code } from '@connectrpc/connect';
import { connect, parseKubeconfig, type Cluster, type ObjectRef } from '@cnap/kubernetes';
import { DriftChange, DriftState, type ObjectDrift } from '@cnap/proto/cnap/installer/v1/drift';
import { InstallDriftPolicy, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, expectError, realKubernetes, widgetCrd } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartOf, deployment } from './charts.ts';
import { factsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

const real = await realKubernetes();
let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(async () => {
  await installer[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
});

const password = 'canary-of-the-secret';
const widgets = (group: string) => ({
  'crd.yaml': JSON.stringify(widgetCrd(group)),
  'widget.yaml': `
apiVersion: ${group}/v1
kind: Widget
metadata: { name: w }
spec: { size: 1 }`,
});
const templates = {
  'web.yaml': deployment('docker.io/library/nginx:1'),
  'scaled.yaml': `${deployment('docker.io/library/nginx:1').replaceAll('{{ .Release.Name }}', 'scaled')}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: scaled }
spec:
  minReplicas: 1
  maxReplicas: 5
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: scaled }
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }]`,
  'config.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: config, labels: { app.kubernetes.io/part-of: shop } }
data: { title: one, url: "https://user:${password}@example.com" }`,
  'secret.yaml': `
apiVersion: v1
kind: Secret
metadata: { name: secret }
stringData: { password: ${password} }`,
  'role.yaml': `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: role }
rules: [{ apiGroups: [""], resources: [configmaps], verbs: [get] }]`,
};

const v1 = (kind: string, name: string) => ({ apiVersion: 'v1', kind, name });
const config = v1('ConfigMap', 'config');
const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', name: 'role' };
const scaled = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' };

describe.each(['kubesim', 'a real control plane'])('on %s', (where) => {
  const how = { skip: where !== 'kubesim' && !real };
  let cluster: Cluster;
  beforeAll(() => {
    cluster = connect(parseKubeconfig(kubeconfig()));
  });
  afterAll(() => cluster[Symbol.asyncDispose]());
  const kubeconfig = () =>
    where === 'kubesim' ? installer.sim.kubeconfig : (real?.kubeconfig ?? installer.sim.kubeconfig);

  async function running(more: Record<string, string> = {}) {
    const { clusterId, regionId } = installer.peers.aCluster(kubeconfig());
    const product = installer.aProduct({
      clusterIds: [clusterId],
      chart: chartOf({ ...templates, ...more }),
    });
    const { id } = await installer.ensure(product, { regionId });
    const { namespace } = await installer.until(id, InstallState.RUNNING);
    const at = (ref: ObjectRef): ObjectRef => ({ ...ref, namespace });
    const get = async (ref: ObjectRef) => cluster.get(at(ref));
    const edit = (ref: ObjectRef, patch: object, fieldManager = 'kubectl-edit') =>
      cluster.patch(at(ref), patch, { fieldManager });
    return { id, namespace, at, get, edit };
  }
  const seller = () => installer.as('seller').installs;
  const driftOf = async (id: string, name: string, kind?: string) => {
    const { installDrift } = await seller().getInstallDrift({ installId: id });
    return installDrift?.objects.find(
      (one) => one.name === name && (kind === undefined || one.kind === kind),
    );
  };
  const becomes = (id: string, name: string, state: DriftState, change?: Partial<ObjectDrift>) =>
    eventually(async () => {
      const found = await driftOf(id, name);
      expect(found).toMatchObject({ state, ...change });
      return found;
    });
  const corrected = (id: string, name: string, change?: Partial<ObjectDrift>) =>
    becomes(id, name, DriftState.CORRECTED, change);
  const field = (
    path: string,
    found: string | undefined,
    wanted: string | undefined,
    manager = 'kubectl-edit',
  ) =>
    expect.objectContaining({
      path,
      ...(found === undefined ? {} : { found }),
      ...(wanted === undefined ? {} : { wanted }),
      manager,
    }) as never;

  test('what a person changes or removes comes back, of any kind', how, async () => {
    const group = `drift-${where === 'kubesim' ? 'sim' : 'real'}.example.com`;
    const { id, namespace, get, edit, at } = await running(widgets(group));
    const widget = { apiVersion: `${group}/v1`, kind: 'Widget', name: 'w' };
    await edit(config, {
      data: { title: 'two' },
      metadata: { labels: { 'app.kubernetes.io/part-of': null } },
    });
    await edit(role, { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] });
    await edit(widget, { spec: { size: 2 } });
    await edit(v1('Secret', 'secret'), { data: { password: Buffer.from('another').toString('base64') } });
    const { fields } = (await corrected(id, 'config', { change: DriftChange.CHANGED })) ?? {};
    expect(fields).toEqual(
      [
        expect.objectContaining({ path: '.metadata.labels["app.kubernetes.io/part-of"]', wanted: 'shop' }),
        field('.data.title', 'two', 'one'),
      ].toReversed(),
    );
    expect(await get(config)).toMatchObject({ data: { title: 'one' } });
    expect(await corrected(id, 'role')).toMatchObject({
      fields: [field('.rules[0].apiGroups[0]', '*', ''), expect.anything(), expect.anything()],
    });
    expect(await corrected(id, 'w')).toMatchObject({ fields: [field('.spec.size', '2', '1')] });
    expect(await corrected(id, 'secret')).toMatchObject({
      fields: [field('.data.password', '(secret)', '(secret)')],
    });

    await cluster.delete(at(config));
    await cluster.delete({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      name: 'cnap-isolation',
      namespace,
    });
    await corrected(id, 'config', { change: DriftChange.REMOVED, fields: [] });
    await corrected(id, 'cnap-isolation', { change: DriftChange.REMOVED });
    expect(await get(config)).toMatchObject({ data: { title: 'one' } });
    await cluster.delete({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: `widgets.${group}`,
    });
    await corrected(id, `widgets.${group}`, { change: DriftChange.REMOVED });
    await corrected(id, 'w', { change: DriftChange.REMOVED });
    expect(await get(widget)).toMatchObject({ spec: { size: 1 } });

    const install = await installer.get(id);
    expect(install.state).toBe(InstallState.RUNNING);
    expect(install.conditions).toContainEqual(expect.objectContaining({ type: 'Drifted', met: false }));
    const facts = (await factsOf(installer, id)).map(({ fact }) => fact);
    expect(facts).toEqual(expect.arrayContaining(['detected', 'corrected']));
    expect(install.revision).toBe(1);
  });

  test('what others add, and what controllers own, is no drift', how, async () => {
    const { id, get, edit } = await running();
    await edit(config, { data: { theirs: 'x' }, metadata: { annotations: { note: 'y' } } }, 'somebody');
    await edit(scaled, { spec: { replicas: 3 } }, 'kube-controller-manager');
    await edit(scaled, { spec: { replicas: 4 } });
    // A change that is drift comes after them, and is all there is.
    await edit(role, { rules: [] });
    await corrected(id, 'role');
    await eventually(async () => expect(await get(scaled)).toMatchObject({ spec: { replicas: 4 } }));
    const { installDrift } = await seller().getInstallDrift({ installId: id });
    expect(installDrift?.objects.map(({ name }) => name)).toEqual(['role']);
    expect(await get(config)).toMatchObject({ data: { theirs: 'x', title: 'one' } });
    // Nor does the correction of another field of it take the autoscaler's away.
    await edit(scaled, {
      spec: {
        revisionHistoryLimit: 10,
        template: { metadata: { labels: { app: 'scaled' } }, spec: { securityContext: { runAsUser: 102 } } },
      },
    });
    await corrected(id, 'scaled', {
      fields: [field('.spec.template.spec.securityContext.runAsUser', '102', '101')],
    });
    expect(await get(scaled)).toMatchObject({ spec: { replicas: 4 } });
  });

  test('a field that was changed and changed back is ours again', how, async () => {
    const { id, edit, get } = await running();
    await installer.stop();
    try {
      await edit(config, { data: { title: 'two' } });
      await edit(config, { data: { title: 'one' } });
    } finally {
      await installer.restart();
    }
    await eventually(async () => {
      const { managedFields } = ((await get(config))?.metadata ?? {}) as {
        managedFields?: { manager: string; fieldsV1: unknown }[];
      };
      const ours = managedFields?.find(({ manager }) => manager === 'cnap');
      expect(ours?.fieldsV1).toMatchObject({ 'f:data': { 'f:title': {} } });
    });
    expect(await driftOf(id, 'config')).toBeUndefined();
    await edit(config, { data: { title: 'three' } });
    await corrected(id, 'config');
  });

  test('warn: shown and left, until somebody decides', how, async () => {
    const { id, edit, get, at } = await running();
    await seller().updateInstall({ id, driftPolicy: InstallDriftPolicy.WARN });
    await edit(config, { data: { title: 'two', url: `https://user:${password}@example.org` } });
    await cluster.delete(at(role));
    await becomes(id, 'role', DriftState.DETECTED, { change: DriftChange.REMOVED });
    const found = await becomes(id, 'config', DriftState.DETECTED);
    expect(found?.fields).toEqual([
      field('.data.title', 'two', 'one'),
      field('.data.url', 'https://user:(secret)@example.org', 'https://user:(secret)@example.com'),
    ]);
    expect(await get(config)).toMatchObject({ data: { title: 'two' } });
    const install = await installer.get(id);
    expect(install.driftPolicy).toBe(InstallDriftPolicy.WARN);
    expect(install.conditions).toContainEqual(
      expect.objectContaining({
        type: 'Drifted',
        met: true,
        reason: 'Changed',
        message: expect.stringContaining('ConfigMap'),
      }),
    );
    await seller().updateInstall({ id, driftPolicy: InstallDriftPolicy.CORRECT });
    await corrected(id, 'config');
    await corrected(id, 'role');
    expect(await get(config)).toMatchObject({ data: { title: 'one' } });
  });

  test('a controller that insists is left alone, and said to', how, async () => {
    const { id, edit, get } = await running();
    let taken = 0;
    await eventually(async () => {
      const { data } = (await get(config)) as { data?: { title: string } };
      if (data?.title === 'one') {
        await edit(config, { data: { title: `theirs ${(taken += 1)}` } }, 'greedy-operator');
      }
      const drift = await driftOf(id, 'config');
      expect(drift).toMatchObject({
        state: DriftState.CONFLICT,
        fields: [{ path: '.data.title', manager: 'greedy-operator' }],
      });
      expect(drift?.message).toContain('left alone');
    });
    expect(taken).toBe(4);
    // Another field of the same object is still looked after; theirs stays.
    await edit(config, { data: { url: 'gone' } });
    await eventually(async () =>
      expect(await get(config)).toMatchObject({
        data: { title: 'theirs 4', url: expect.stringContaining('example.com') },
      }),
    );
    await eventually(async () =>
      expect((await installer.get(id)).conditions).toContainEqual(
        expect.objectContaining({ type: 'Drifted', met: true, reason: 'Conflict' }),
      ),
    );
    // The next release has the last word.
    await seller().updateInstallOverrides({ id, updates: [{ sourceId: 'src_sample', values: { a: 1 } }] });
    await eventually(async () =>
      expect(await installer.get(id)).toMatchObject({ revision: 2, state: InstallState.RUNNING }),
    );
    expect(await get(config)).toMatchObject({ data: { title: 'one' } });
    expect(await driftOf(id, 'config')).toBeUndefined();
  });
});

test('only who operates an install sees its drift', async () => {
  const { id } = await installer.ensure(installer.aProduct({}));
  const ask = (person: 'buyer' | 'stranger') =>
    installer.as(person).installs.getInstallDrift({ installId: id });
  await expectError(ask('buyer'), Code.PermissionDenied, 'OPERATOR_ONLY');
  await expectError(ask('stranger'), Code.NotFound, 'INSTALL_NOT_FOUND');
});
