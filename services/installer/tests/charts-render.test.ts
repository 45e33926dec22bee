// What Helm's templates may ask and make, on a real control plane: as if Helm itself had installed the chart there.
import { expect, test, afterAll, beforeAll } from 'vitest';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { realKubernetes, widgetCrd } from '@cnap/testing';
import { umbrella } from './charts.ts';
import { chart, startOnReal, type OnReal } from './real-cluster.ts';

const skip = (await realKubernetes()) === undefined;
let real: OnReal;
beforeAll(async () => {
  if (skip) return;
  const started = await startOnReal();
  if (started) real = started;
});
afterAll(() => real?.[Symbol.asyncDispose]());

const configMap = (name: string, data: string, more = '') =>
  `{ apiVersion: v1, kind: ConfigMap, metadata: { name: "${name}" ${more} }, data: { ${data} } }`;
const how = { concurrent: true, skip };

test('lookup sees the namespace of the install, and nothing else', how, async () => {
  const looking = `
apiVersion: v1
kind: ConfigMap
metadata: { name: seen }
data:
  own: {{ dig "data" "word" "none" (lookup "v1" "ConfigMap" .Release.Namespace "told") | quote }}
  listed: {{ range (lookup "v1" "ConfigMap" .Release.Namespace "").items }}{{ .metadata.name }},{{ end }}
  namespace: {{ dig "metadata" "name" "none" (lookup "v1" "Namespace" "" .Release.Namespace) | quote }}
  others: all {{ len (lookup "v1" "Namespace" "" "") }}{{ len (lookup "v1" "Secret" "" "") }}{{ len (lookup "v1" "Node" "" "") }}
  system: {{ dig "metadata" "name" "none" (lookup "v1" "ConfigMap" "kube-system" "kube-root-ca.crt") | quote }}
  unknown: there are {{ len (lookup "no.such/v1" "Thing" .Release.Namespace "x") }}
  count: {{ .Values.n | quote }}`;
  const files = { 'templates/seen.yaml': looking, 'templates/NOTES.txt': 'It has {{ .Values.n }}.' };
  const install = await real.install(chart(files, { n: 1 }));
  expect(install.notes).toBe('It has 1.');
  const { id, namespace } = install;
  expect(await real.data('ConfigMap', namespace, 'seen')).toMatchObject({
    own: 'none', namespace: 'none', system: 'none',
  }); // prettier-ignore
  const told = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'told', namespace },
    data: { word: 'hello' },
  };
  await real.cluster.create(told);
  await real.update(id, { n: 2 });
  expect(await real.data('ConfigMap', namespace, 'seen')).toEqual({
    own: 'hello', listed: 'kube-root-ca.crt,seen,told,', namespace, others: 'all 000', system: 'none',
    unknown: 'there are 0', count: '2',
  }); // prettier-ignore
  await real.remove(install);
});

test('a chart that looks up and brings the kinds of its own resources', how, async () => {
  const group = `l${process.pid}.example.com`;
  const install = await real.install(
    chart({
      'crds/crd.yaml': JSON.stringify(widgetCrd(group)),
      'templates/NOTES.txt': 'There is a widget in {{ .Release.Namespace }}.',
      'templates/widget.yaml': `
{{- $old := lookup "${group}/v1" "Widget" .Release.Namespace "w" }}
apiVersion: ${group}/v1
kind: Widget
metadata: { name: w }
spec: { size: {{ dig "spec" "size" 1 $old }}, times: {{ add1 (dig "spec" "times" 0 $old) }} }`,
    }),
  );
  expect(install.notes).toBe(`There is a widget in ${install.namespace}.`);
  await real.update(install.id, { any: 'thing' });
  const widget = await real.get({ apiVersion: `${group}/v1`, kind: 'Widget' }, 'w', install.namespace);
  expect(widget?.['spec']).toEqual({ size: 1, times: 2 });
  await real.remove(install);
});

test('generated fields stay what they are, in hooks as well; everything else changes', how, async () => {
  const files = {
    'templates/secret.yaml': `
{{- $password := randAlphaNum 20 }}
{{- $cert := genSignedCert "app" nil (list "app.example.com") 365 (genCA "ca" 365) }}
apiVersion: v1
kind: Secret
metadata: { name: generated }
data:
  password: {{ $password | b64enc }}
  tls.crt: {{ $cert.Cert | b64enc }}
  tls.key: {{ $cert.Key | b64enc }}
stringData:
  settings: |
    title: {{ .Values.title }}
    url: db://app:{{ $password }}@{{ .Values.title }}/app
---
apiVersion: v1
kind: Secret
metadata:
  name: hooked
  annotations: { helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-weight: "-1" }
stringData: { password: {{ $password }}, title: {{ .Values.title }} }
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: only-hook
  annotations: { helm.sh/hook: "post-install,post-upgrade" }
data: { token: {{ randAlphaNum 30 }}, title: {{ .Values.title }} }`,
    'templates/kept.yaml': `
{{- $old := lookup "v1" "Secret" .Release.Namespace "looked-up" }}
apiVersion: v1
kind: Secret
metadata: { name: looked-up }
data: { password: {{ dig "data" "password" (randAlphaNum 20 | b64enc) $old }} }`,
    'templates/pods.yaml': `
apiVersion: v1
kind: PodTemplate
metadata: { name: pods }
template:
  metadata:
    annotations: { checksum/secret: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }} }
  spec: { containers: [{ name: c, image: nginx, env: [{ name: OTHER, value: {{ .Values.other | quote }} }] }] }`,
  };
  const install = await real.install(chart(files, { title: 'one', other: 'a' }));
  const { id, namespace } = install;
  const look = async () => ({
    generated: await real.data('Secret', namespace, 'generated'),
    hooked: await real.data('Secret', namespace, 'hooked'),
    onlyHook: await real.data('ConfigMap', namespace, 'only-hook'),
    lookedUp: await real.data('Secret', namespace, 'looked-up'),
    checksum: JSON.stringify(
      await real.get({ apiVersion: 'v1', kind: 'PodTemplate' }, 'pods', namespace),
    ).match(/"checksum\/secret":"(\w+)"/)?.[1],
  });
  const first = await look();
  const password = first.generated['password'];
  expect(password).toMatch(/^\w{20}$/);
  expect(first.hooked).toEqual({ password, title: 'one' });
  await real.update(id, { other: 'b' });
  expect(await look()).toEqual(first); // its pods are not renewed for nothing
  await real.update(id, { title: 'two' });
  const second = await look();
  expect(second).toMatchObject({
    generated: { ...first.generated, settings: `title: two\nurl: db://app:${password}@two/app\n` },
    hooked: { password, title: 'two' },
    onlyHook: { token: first.onlyHook['token'], title: 'two' },
    lookedUp: first.lookedUp,
  });
  expect(second.checksum).not.toBe(first.checksum); // what it is over has changed
  await real.remove(install);
});

test('the cluster’s own version and kinds, and those that the chart brings', how, async () => {
  const group = `c${process.pid}.example.com`;
  const { gitVersion } = await real.cluster.version();
  const has = (name: string) => `{{ .Capabilities.APIVersions.Has "${name}" }}`;
  const install = await real.install(
    chart({
      'crds/crd.yaml': JSON.stringify(widgetCrd(group)),
      'templates/x.yaml': configMap(
        'seen',
        `version: "{{ .Capabilities.KubeVersion }}", apps: "${has('apps/v1')}", deployment: "${has('apps/v1/Deployment')}",
         own: "${has(`${group}/v1`)}", ownKind: "${has(`${group}/v1/Widget`)}", none: "${has('apps/v9')}",
         upgrade: "{{ .Release.IsUpgrade }}", install: "{{ .Release.IsInstall }}"`,
      ),
    }),
  );
  const seen = {
    version: gitVersion, apps: 'true', deployment: 'true', own: 'true', ownKind: 'true', none: 'false',
    upgrade: 'false', install: 'true',
  }; // prettier-ignore
  expect(await real.data('ConfigMap', install.namespace, 'seen')).toEqual(seen);
  await real.update(install.id, { any: 'thing' });
  expect(await real.data('ConfigMap', install.namespace, 'seen')).toEqual({
    ...seen,
    upgrade: 'true',
    install: 'false',
  });
  await real.remove(install);
});

test('library charts, and subcharts with conditions, tags and aliases', how, async () => {
  const sub = (name: string) => ({
    [`charts/${name}/Chart.yaml`]: JSON.stringify({ apiVersion: 'v2', name, version: '1.0.0' }),
    [`charts/${name}/templates/x.yaml`]: configMap('{{ .Chart.Name }}', 'word: "{{ .Values.word }}"'),
    [`charts/${name}/values.yaml`]: 'word: default',
  });
  const dependency = (name: string, more: object = {}) => ({ name, version: '1.0.0', ...more });
  const artifact = umbrella('app', '1.0.0', {
    'Chart.yaml': JSON.stringify({
      apiVersion: 'v2',
      name: 'app',
      version: '1.0.0',
      dependencies: [
        dependency('lib'),
        dependency('plain'),
        dependency('conditional', { condition: 'conditional.enabled' }),
        dependency('tagged', { tags: ['extra'] }),
        dependency('tagged', { alias: 'other', tags: ['other'] }),
        dependency('plain', { alias: 'twin', condition: 'twins.on' }),
      ],
    }),
    'values.yaml': JSON.stringify({
      tags: { extra: false, other: false },
      conditional: { enabled: false },
      twins: { on: true },
      twin: { word: 'twin' },
    }),
    'charts/lib/Chart.yaml': JSON.stringify({
      apiVersion: 'v2',
      name: 'lib',
      version: '1.0.0',
      type: 'library',
    }),
    'charts/lib/templates/_x.tpl': '{{ define "lib.word" }}from the library{{ end }}',
    'charts/lib/templates/never.yaml': configMap('never', ''),
    ...sub('plain'),
    ...sub('conditional'),
    ...sub('tagged'),
    'templates/x.yaml': configMap('own', 'word: "{{ include "lib.word" . }}"'),
  });
  const install = await real.install(artifact);
  const names = async () =>
    (await real.cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: install.namespace }))
      .map(({ metadata }) => metadata.name)
      .filter((name) => name !== 'kube-root-ca.crt');
  expect(await names()).toEqual(['own', 'plain', 'twin']);
  expect(await real.data('ConfigMap', install.namespace, 'own')).toEqual({ word: 'from the library' });
  expect(await real.data('ConfigMap', install.namespace, 'twin')).toEqual({ word: 'twin' });
  await real.update(install.id, {
    tags: { extra: true },
    conditional: { enabled: true },
    twins: { on: false },
  });
  expect(await names()).toEqual(['conditional', 'own', 'plain', 'tagged']);
  await real.remove(install);
});

test(
  'values that a schema refuses, of the chart or of one in it: FAILED, and the field is named',
  how,
  async () => {
    const schema = JSON.stringify({ properties: { size: { type: 'integer', maximum: 3 } } });
    const files = { 'values.schema.json': schema, 'templates/x.yaml': configMap('x', '') };
    const values = { app: { size: 9 } };
    const own = await real.begin(chart(files), { values });
    const inner = await real.begin(
      chart({
        'Chart.yaml': JSON.stringify({
        apiVersion: 'v2', name: 'app', version: '1.0.0', dependencies: [{ name: 'sub', version: '1.0.0' }],
      }), // prettier-ignore
        'charts/sub/Chart.yaml': JSON.stringify({ apiVersion: 'v2', name: 'sub', version: '1.0.0' }),
        'charts/sub/values.schema.json': schema,
      }),
      { values: { app: { sub: { size: 'large' } } } },
    );
    for (const { id } of [own, inner]) {
      const failed = await real.installer.until(id, InstallState.FAILED);
      expect(failed).toMatchObject({
        reason: 'CHART_VALUES_INVALID',
        message: expect.stringContaining('size'),
      });
    }
    await Promise.all([real.remove(own), real.remove(inner)]);
  },
);
