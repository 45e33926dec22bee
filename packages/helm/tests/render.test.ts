import { DomainError } from '@cnap/errors';
import { expect, test } from 'vitest';

import { packChart, renderChart } from '../src/index.ts';

const { signal } = new AbortController();

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  mode: 0755
  on: yes
  ratio: 22:22
  day: 2026-01-01
  replicas: {{ .Values.replicas }}
  version: {{ .Capabilities.KubeVersion.Version }}
  routes: {{ .Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1/HTTPRoute" }}
  upgrade: {{ .Release.IsUpgrade }}
`;

function chart(files: Record<string, string>): Uint8Array {
  return packChart({
    files: {
      'Chart.yaml': 'apiVersion: v2\nname: demo\nversion: 1.0.0\n',
      'values.yaml': 'replicas: 1\n',
      ...files,
    },
  });
}

function render(files: Record<string, string>, values: Record<string, unknown> = {}) {
  return renderChart({ chart: chart(files), releaseName: 'shop', namespace: 'n', values, signal });
}

async function failure(rendering: Promise<unknown>): Promise<DomainError> {
  const error = await rendering.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof DomainError) return error;
  throw error ?? new Error('it rendered');
}

test("renders with values, the cluster's capabilities, and YAML as Kubernetes reads it", async () => {
  const rendered = await renderChart({
    chart: chart({ 'templates/deployment.yaml': deployment }),
    releaseName: 'shop',
    namespace: 'n',
    values: { replicas: 3 },
    kubeVersion: 'v1.34.5',
    apiVersions: ['gateway.networking.k8s.io/v1/HTTPRoute'],
    isUpgrade: true,
    signal,
  });
  expect(rendered.objects).toEqual([
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'shop' },
      spec: {
        mode: 0o755,
        true: true,
        ratio: '22:22',
        day: '2026-01-01',
        replicas: 3,
        version: 'v1.34.5',
        routes: true,
        upgrade: true,
      },
    },
  ]);
  expect(rendered.sources).toEqual(['demo/templates/deployment.yaml']);
});

test('tells hooks, CRDs and notes apart, flattens lists, drops what is empty', async () => {
  const rendered = await render({
    'crds/thing.yaml':
      'kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\nmetadata: { name: things.demo.io }\n',
    'templates/list.yaml':
      'apiVersion: v1\nkind: ConfigMapList\nitems:\n- { apiVersion: v1, kind: ConfigMap, metadata: { name: a } }\n- { apiVersion: v1, kind: ConfigMap, metadata: { name: b } }\n',
    'templates/empty.yaml': '# nothing\n---\n---\n{{ if false }}x: y{{ end }}\n',
    'templates/hook.yaml': `apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    helm.sh/hook: post-install, post-upgrade
    helm.sh/hook-weight: "-5"
    helm.sh/hook-delete-policy: hook-succeeded
`,
    'templates/NOTES.txt': 'Open "{{ .Release.Name }}"\n---\nkind: Trap\n',
  });
  expect(rendered.objects.map((object) => object.metadata.name)).toEqual(['a', 'b']);
  expect(rendered.crds.map((object) => object.metadata.name)).toEqual(['things.demo.io']);
  expect(rendered.hooks).toMatchObject([
    {
      events: ['post-install', 'post-upgrade'],
      weight: -5,
      deletePolicies: ['hook-succeeded'],
      source: 'demo/templates/hook.yaml',
    },
  ]);
  expect(rendered.notes).toBe('Open "shop"\n---\nkind: Trap');
});

test('an umbrella chart has the notes of its sources', async () => {
  const rendered = await render({
    'Chart.yaml':
      'apiVersion: v2\nname: all\nversion: 1.0.0\ndependencies:\n- { name: web, version: 1.0.0, alias: site }\n',
    'charts/site/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
    'charts/site/templates/NOTES.txt': 'From {{ .Chart.Name }} in {{ .Values.city }}',
    'values.yaml': 'site: { city: Bonn }\n',
  });
  expect(rendered.notes).toBe('From site in Bonn');
});

test('a template that fails is named with its line and its innermost reason', async () => {
  const error = await failure(
    render({
      'templates/_helpers.tpl':
        '{{ define "inner" }}{{ required "a password is needed" .Values.password }}{{ end }}',
      'templates/secret.yaml': 'kind: Secret\nx: {{ include "inner" . }}\n',
    }),
  );
  expect(error).toMatchObject({
    kind: 'invalid-argument',
    reason: 'CHART_RENDER_FAILED',
    message: expect.stringMatching(
      /^The chart does not render: demo\/templates\/\S+ line \d+: a password is needed$/,
    ),
    metadata: { template: expect.stringContaining('demo/templates/'), line: expect.any(String) },
  });
});

test('text that is not YAML names its template', async () => {
  const error = await failure(render({ 'templates/bad.yaml': 'kind: A\n  b: [\n' }));
  expect(error.message).toContain('demo/templates/bad.yaml');
});

test('values that break the schema give a field each', async () => {
  const error = await failure(
    render(
      {
        'values.schema.json':
          '{"properties":{"replicas":{"type":"integer","maximum":5},"size":{"enum":["s","l"]}}}',
      },
      { replicas: 9, size: 'm' },
    ),
  );
  expect(error.reason).toBe('CHART_VALUES_INVALID');
  expect(error.fields.map(({ field }) => field).toSorted()).toEqual(['values.replicas', 'values.size']);
});

test('the same object twice is refused, and both places are named', async () => {
  const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: same }\n';
  const error = await failure(render({ 'templates/a.yaml': text, 'templates/b.yaml': text }));
  expect(error.message).toMatch(
    /ConfigMap same is there twice \(demo\/templates\/a.yaml and demo\/templates\/b.yaml\)/,
  );
});

test('a chart that loops ends at the deadline', async () => {
  const endless = '{{ range $i := until 2000000 }}{{ range $j := until 2000000 }}{{ end }}{{ end }}';
  const error = await failure(
    renderChart({
      chart: chart({ 'templates/a.yaml': endless }),
      releaseName: 'a',
      namespace: 'n',
      values: {},
      signal,
      deadlineMs: 500,
    }),
  );
  expect(error).toMatchObject({ reason: 'CHART_RENDER_LIMIT', kind: 'resource-exhausted' });
});

test('more than 2,000 objects are refused', async () => {
  const many =
    '{{ range until 2001 }}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: c{{ . }} }\n{{ end }}';
  expect((await failure(render({ 'templates/many.yaml': many }))).reason).toBe('TOO_MANY_OBJECTS');
});

test("a chart sees neither this machine's environment, files nor names", async () => {
  process.env['CNAP_CANARY'] = 'canary';
  expect((await failure(render({ 'templates/a.yaml': '{{ env "CNAP_CANARY" }}' }))).message).toContain(
    '"env" not defined',
  );
  const files = await render({
    'templates/a.yaml':
      'apiVersion: v1\nkind: A\nmetadata: { name: a }\ntext: {{ .Files.Get "/etc/passwd" | quote }}{{ .Files.Get "../values.json" | quote }}\nip: {{ getHostByName "localhost" | quote }}\n',
  }).catch((error: unknown) => error);
  expect(JSON.stringify(files)).not.toMatch(/root:|replicas|127\.0\.0\.1/);
});

test('an abort ends it', async () => {
  const stop = new AbortController();
  const rendering = renderChart({
    chart: chart({}),
    releaseName: 'a',
    namespace: 'n',
    values: {},
    signal: stop.signal,
  });
  stop.abort(new Error('enough'));
  await expect(rendering).rejects.toThrow('enough');
});
