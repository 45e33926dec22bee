// What charts hold, on a real control plane: kinds of their own, objects of the whole cluster, lists, other namespaces,
// hooks, and fields that never change.
import type { KubeObject } from '@cnap/kubernetes';
import { InstallReplacePolicy, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, realKubernetes, widgetCrd } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chart, startOnReal, type OnReal } from './real-cluster.ts';

const skip = (await realKubernetes()) === undefined;
let real: OnReal;
beforeAll(async () => {
  if (skip) return;
  const started = await startOnReal();
  if (started) real = started;
});
afterAll(() => real?.[Symbol.asyncDispose]());

const how = { concurrent: true, skip };
const crdKind = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

/** A CRD whose schema knows these fields of its spec. */
const crd = (group: string, version: string, fields: string[]) => {
  const properties = Object.fromEntries(fields.map((field) => [field, { type: 'integer' }]));
  const schema = { type: 'object', properties: { spec: { type: 'object', properties } } };
  return JSON.stringify(widgetCrd(group, schema, { 'app.kubernetes.io/version': version }));
};
const widget = (group: string, spec: string) =>
  `{ apiVersion: ${group}/v1, kind: Widget, metadata: { name: "{{ .Release.Name }}" }, spec: { ${spec} } }`;
const configMap = (name: string, data = '', more = '') =>
  `{ apiVersion: v1, kind: ConfigMap, metadata: { name: "${name}" ${more} }, data: { ${data} } }`;

test.each([
  ['in crds/', 'crds/crd.yaml'],
  ['as a template', 'templates/crd.yaml'],
])('a CRD %s: there before its resources, upgraded, shared, gone with the last', how, async (_, path) => {
  const group = `${path.startsWith('crds') ? 'a' : 'b'}${process.pid}.example.com`;
  const files = (version: string, fields: string[], spec: string) =>
    chart({ [path]: crd(group, version, fields), 'templates/w.yaml': widget(group, spec) });
  const first = await real.install(files('1.0.0', ['size'], 'size: 1'));
  const second = await real.install(files('1.1.0', ['size', 'colour'], 'size: 1, colour: 2'));
  const specOf = async ({ id, namespace }: { id: string; namespace: string }) =>
    (await real.get({ apiVersion: `${group}/v1`, kind: 'Widget' }, `cnap-${id.slice(-12)}`, namespace))?.[
      'spec'
    ];
  expect(await specOf(second)).toEqual({ size: 1, colour: 2 });
  // An older one does not take the newer field away again.
  await real.update(first.id, { any: 1 });
  const theCrd = () => real.get(crdKind, `widgets.${group}`);
  expect(JSON.stringify(await theCrd())).toContain('colour');
  expect(await real.remove(first)).toContain(`kept CustomResourceDefinition widgets.${group}`);
  expect(await theCrd()).toBeDefined();
  expect(await real.remove(second)).toContain(`deleted CustomResourceDefinition widgets.${group}`);
  expect(await theCrd()).toBeUndefined();
});

test('a CRD stays as long as somebody has a resource of it', how, async () => {
  const group = `s${process.pid}.example.com`;
  const install = await real.install(chart({ 'crds/crd.yaml': crd(group, '1.0.0', ['size']) }));
  const mine: KubeObject = {
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    metadata: { name: 'mine', namespace: 'default' },
    spec: { size: 3 },
  };
  await real.cluster.create(mine);
  expect(await real.remove(install)).toContain(`kept CustomResourceDefinition widgets.${group}`);
  expect(await real.get(mine, 'mine', 'default')).toMatchObject({ spec: { size: 3 } });
  await real.cluster.delete({ ...crdKind, name: `widgets.${group}` });
});

test('what is cluster-wide has its owner; another install, and a person’s, keep theirs', how, async () => {
  const name = `wide-${process.pid}`;
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
  const wide = (one: string) =>
    chart({ 'templates/r.yaml': JSON.stringify({ ...role, metadata: { name: one }, rules: [] }) });
  const first = await real.install(wide(name));
  expect((await real.get(role, name))?.metadata.labels).toMatchObject({ 'cnap.tech/install': first.id });
  await real.cluster.create({ ...role, metadata: { name: `${name}-own` }, rules: [] });
  // Neither can go to this cluster, which is found before anything is made there.
  for (const one of [name, `${name}-own`]) {
    const { id, orderId } = await real.begin(wide(one));
    expect(await real.installer.until(id, InstallState.PLACING)).toMatchObject({ reason: 'OBJECT_TAKEN' });
    await real.remove({ id, orderId });
  }
  expect(await real.get(role, `${name}-own`)).toBeDefined();
  expect(await real.remove(first)).toContain(`deleted ClusterRole ${name}`);
  expect(await real.get(role, name)).toBeUndefined();
  await real.cluster.delete({ ...role, name: `${name}-own` });
});

test('lists, other namespaces, and its own namespace', how, async () => {
  const other = `other-${process.pid}`;
  const install = await real.install(
    chart({
      'templates/list.yaml': `
apiVersion: v1
kind: List
items:
- ${configMap('one')}
- { apiVersion: v1, kind: Secret, metadata: { name: two } }`,
      'templates/typed.yaml':
        '{ apiVersion: v1, kind: ConfigMapList, items: [{ metadata: { name: three } }] }',
      'templates/other.yaml': `
{ apiVersion: v1, kind: Namespace, metadata: { name: ${other} } }
---
${configMap('elsewhere', 'word: "{{ .Values.word }}"', `, namespace: ${other}`)}`,
      'templates/own.yaml': `
apiVersion: v1
kind: Namespace
metadata:
  name: "{{ .Release.Namespace }}"
  labels: { pod-security.kubernetes.io/enforce: privileged }`,
    }),
  );
  for (const [kind, name] of [['ConfigMap', 'one'], ['Secret', 'two'], ['ConfigMap', 'three']] as const) {
    expect(await real.get({ apiVersion: 'v1', kind }, name, install.namespace)).toBeDefined();
  } // prettier-ignore
  await real.update(install.id, { word: 'changed' });
  expect(await real.data('ConfigMap', other, 'elsewhere')).toEqual({ word: 'changed' });
  const namespace = await real.get({ apiVersion: 'v1', kind: 'Namespace' }, install.namespace);
  expect(namespace?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'baseline' });
  const receipt = await real.remove(install);
  expect(receipt).toEqual(
    expect.arrayContaining([`deleted Namespace ${other}`, 'deleted ConfigMap elsewhere']),
  );
  expect(await real.get({ apiVersion: 'v1', kind: 'Namespace' }, other)).toBeUndefined();
});

test(
  'what the chart says to keep stays: on an update, and outside of its namespace when it goes',
  how,
  async () => {
    const keep = ', annotations: { helm.sh/resource-policy: keep }';
    const name = `keep-${process.pid}`;
    const install = await real.install(
      chart(
        {
          'templates/x.yaml': `{{ if .Values.on }}${configMap('kept', '', keep)}{{ end }}`,
          'templates/z.yaml': configMap('inside', '', keep),
          'templates/y.yaml': `{ apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: { name: ${name} ${keep} }, value: 1 }`,
        },
        { on: true },
      ),
    );
    await real.update(install.id, { on: false });
    expect(await real.get({ apiVersion: 'v1', kind: 'ConfigMap' }, 'kept', install.namespace)).toBeDefined();
    expect(await real.remove(install)).toContain(`kept PriorityClass ${name}`);
    const priority = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', name };
    expect(await real.cluster.get(priority)).toBeDefined();
    await real.cluster.delete(priority);
  },
);

const immutable = (more: Record<string, string> = {}) =>
  chart(
    {
      'templates/x.yaml': configMap('word', 'word: "{{ .Values.word }}"'),
      'templates/set.yaml': `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: set }
spec:
  serviceName: "{{ .Values.word }}"
  selector: { matchLabels: { app: set } }
  template:
    metadata: { labels: { app: set } }
    spec: { containers: [{ name: c, image: nginx }] }`,
      'templates/job.yaml': `
apiVersion: batch/v1
kind: Job
metadata: { name: job }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: c, image: "busybox:{{ .Values.word }}" }] } } }`,
      'templates/service.yaml': `
apiVersion: v1
kind: Service
metadata: { name: service }
spec: { {{ if eq .Values.word "two" }}clusterIP: None, {{ end }}selector: { app: set }, ports: [{ port: 80 }] }`,
      ...more,
    },
    { word: 'one' },
  );

test(
  'immutable fields: a clear failure and everything as before; made anew where the policy says so',
  how,
  async () => {
    const install = await real.install(immutable());
    const { id, namespace } = install;
    const uids = async () =>
    Promise.all(
      [['apps/v1', 'StatefulSet', 'set'], ['batch/v1', 'Job', 'job'], ['v1', 'Service', 'service'], ['v1', 'Pod', 'set-0']].map(
        async ([apiVersion = '', kind = '', name = '']) => (await real.get({ apiVersion, kind }, name, namespace))?.metadata.uid,
      ),
    ); // prettier-ignore
    const before = await uids();
    const undone = await real.update(id, { word: 'two' });
    const updated = undone.conditions.find(({ type }) => type === 'Updated');
    expect(updated).toMatchObject({ met: false, reason: 'Immutable' });
    expect(updated?.message).toMatch(/would have to be made anew, which the replace policy/);
    expect(await real.data('ConfigMap', namespace, 'word')).toEqual({ word: 'one' });
    expect(await uids()).toEqual(before);
    const { install: changed } = await real.installer
      .as('seller')
      .installs.updateInstall({ id, replacePolicy: InstallReplacePolicy.REPLACE });
    expect(changed?.replacePolicy).toBe(InstallReplacePolicy.REPLACE);
    await real.update(id, { word: 'two' });
    expect(await real.data('ConfigMap', namespace, 'word')).toEqual({ word: 'two' });
    const set = await real.get({ apiVersion: 'apps/v1', kind: 'StatefulSet' }, 'set', namespace);
    expect(set).toMatchObject({ spec: { serviceName: 'two' } });
    const after = await uids();
    for (const index of [0, 1, 2]) expect(after[index]).not.toBe(before[index]);
    expect(after[2]).toBeDefined();
    await real.remove(install);
  },
);

test('a volume is never made anew', how, async () => {
  const install = await real.install(
    chart(
      {
        'templates/claim.yaml': `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: data }
spec: { accessModes: ["{{ .Values.mode }}"], resources: { requests: { storage: 1Gi } } }`,
      },
      { mode: 'ReadWriteOnce' },
    ),
  );
  const { id, namespace } = install;
  await real.installer
    .as('seller')
    .installs.updateInstall({ id, replacePolicy: InstallReplacePolicy.REPLACE });
  const undone = await real.update(id, { mode: 'ReadWriteMany' });
  expect(undone.conditions.find(({ type }) => type === 'Updated')?.message).toMatch(/data would be lost/);
  const claim = await real.get({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' }, 'data', namespace);
  expect(claim).toMatchObject({ spec: { accessModes: ['ReadWriteOnce'] } });
  await real.remove(install);
});

const hook = (name: string, event: string, weight: string, policy = '') => `
apiVersion: v1
kind: ConfigMap
metadata:
  name: ${name}
  annotations:
    helm.sh/hook: "${event}"
    helm.sh/hook-weight: "${weight}"
    ${policy === '' ? '' : `helm.sh/hook-delete-policy: "${policy}"`}
data: { word: "{{ .Values.word }}" }
`;

test('hooks of every kind: by weight, cleaned up as they say, each at its time', how, async () => {
  const elsewhere = (event: string) => `
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: { name: "${event}-${process.pid}", annotations: { helm.sh/hook: ${event} } }
value: 1
`;
  const install = await real.install(
    chart(
      {
        'templates/hooks.yaml': [
          hook('c', 'pre-install', '5'),
          hook('b', 'pre-install,pre-upgrade,pre-rollback', '-5'),
          hook('a', 'pre-install', '0'),
          hook('after', 'post-install', '0'),
          hook('done', 'post-install,post-upgrade', '1', 'hook-succeeded'),
          hook('upgraded', 'post-upgrade', '0'),
          hook('rolled-back', 'post-rollback', '0'),
          hook('tested', 'test', '0'),
          hook('unknown', 'crd-install', '0'),
          elsewhere('pre-delete'),
          elsewhere('post-delete'),
        ].join('---\n'),
        'templates/x.yaml': configMap('plain'),
      },
      { word: 'one' },
    ),
  );
  const { id, namespace, releaseId } = install;
  const there = async () => {
    const found = await real.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace });
    return found
      .toSorted((x, y) => Number(x.metadata.resourceVersion) - Number(y.metadata.resourceVersion))
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== 'kube-root-ca.crt');
  };
  expect(await there()).toEqual(['b', 'a', 'c', 'plain', 'after']);
  await real.update(id, { word: 'two' });
  expect(await there()).toEqual(['a', 'c', 'plain', 'after', 'b', 'upgraded']);
  expect(await real.data('ConfigMap', namespace, 'b')).toEqual({ word: 'two' });
  await real.installer.as('seller').installs.rollbackInstall({ id, releaseId });
  await eventually(async () => expect(await there()).toContain('rolled-back'));
  expect(await real.data('ConfigMap', namespace, 'b')).toEqual({ word: 'one' });
  await real.installer.until(id, InstallState.RUNNING);
  const receipt = await real.remove(install);
  for (const event of ['pre-delete', 'post-delete']) {
    const priority = { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass' };
    expect(receipt).toContain(`deleted PriorityClass ${event}-${process.pid}`);
    expect(await real.get(priority, `${event}-${process.pid}`)).toBeUndefined();
  }
});

const job = (image: string, event: string, more = '') => `
apiVersion: batch/v1
kind: Job
metadata: { name: hooked, annotations: { helm.sh/hook: ${event}, helm.sh/hook-delete-policy: "before-hook-creation,hook-failed" } }
spec:
  backoffLimit: 0
  ${more}
  template: { spec: { restartPolicy: Never, containers: [{ name: c, image: "${image}" }] } }`;

test('a hook that fails: its last words are kept, the update is undone', how, async () => {
  const install = await real.install(
    chart(
      {
        'templates/job.yaml': job('busybox:{{ .Values.tag }}', 'pre-upgrade'),
        'templates/x.yaml': configMap('plain', 'tag: {{ .Values.tag }}'),
      },
      { tag: 'good' },
    ),
  );
  await real.update(install.id, { tag: 'fine' });
  expect(await real.data('ConfigMap', install.namespace, 'plain')).toEqual({ tag: 'fine' });
  const { revision } = await real.installer.get(install.id);
  await real.installer.as('seller').installs.updateInstallOverrides({
    id: install.id,
    updates: [{ sourceId: 'src_one', values: { tag: 'crashes' } }],
  });
  const failing = await eventually(async () => {
    const { message } = await real.installer.get(install.id);
    return message.includes('It said last') && message;
  });
  expect(failing).toMatch(/hooked/);
  await real.shortDeadline(install.id, 1);
  const undone = await eventually(async () => {
    const now = await real.installer.get(install.id);
    return now.state === InstallState.RUNNING && now.revision > revision && now;
  });
  expect(undone.conditions.find(({ type }) => type === 'Updated')).toMatchObject({
    met: false,
    message: expect.stringMatching(/hooked[^]*It said last/),
  });
  expect(await real.data('ConfigMap', install.namespace, 'plain')).toEqual({ tag: 'fine' });
  await real.remove(install);
});

test(
  'a hook that would take another’s object, or is none that the API takes: refused at once',
  how,
  async () => {
    const name = `hooked-${process.pid}`;
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
    const taking = {
      ...role,
      metadata: { name, annotations: { 'helm.sh/hook': 'pre-upgrade', 'helm.sh/hook-weight': '-1' } },
    };
    const install = await real.install(
      chart({
        'templates/h.yaml': JSON.stringify(taking),
        'templates/i.yaml': job('busybox', 'pre-upgrade', 'completions: {{ .Values.times }}'),
      }),
    );
    await real.cluster.create({ ...role, metadata: { name }, rules: [] });
    const reasonOf = async () => {
      const { conditions } = await real.update(install.id, { times: -1 });
      return conditions.find(({ type }) => type === 'Updated');
    };
    expect(await reasonOf()).toMatchObject({
      met: false,
      reason: 'OwnedByAnother',
      message: `ClusterRole ${name} is there already and was not made by this install`,
    });
    expect(await real.get(role, name)).toBeDefined();
    await real.cluster.delete({ ...role, name });
    expect(await reasonOf()).toMatchObject({
      met: false,
      reason: 'Invalid',
      message: expect.stringContaining('spec.completions'),
    });
    await real.remove(install);
  },
);
