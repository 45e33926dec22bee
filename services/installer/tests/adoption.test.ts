// Helm takes over an install, and nothing on the cluster changes; with the real Helm, on a real control plane.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Code } from '@connectrpc/connect';
import { packChart } from '@cnap/helm';
import type { KubeObject } from '@cnap/kubernetes';
import { InstallDriftPolicy, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { findProgram } from '@cnap/programs';
import { eventually, expectError, realKubernetes } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleChart } from './charts.ts';
import { factsOf } from './test-installer.ts';
import { chart, startOnReal, type OnReal } from './real-cluster.ts';

const run = promisify(execFile);
const skip = (await realKubernetes()) === undefined;
let real: OnReal;
let scratch: string;
beforeAll(async () => {
  if (skip) return;
  scratch = await mkdtemp(join(tmpdir(), 'cnap-adoption-'));
  const started = await startOnReal();
  if (started) real = started;
});
afterAll(async () => {
  await real?.[Symbol.asyncDispose]();
  if (scratch) await rm(scratch, { recursive: true, force: true });
});

const how = { concurrent: true, skip };

async function helm(...given: string[]): Promise<string> {
  const { path } = await findProgram('helm');
  const env = { PATH: process.env['PATH'], HOME: scratch, KUBECONFIG: real.kubeconfigPath };
  return (await run(path, given, { env, cwd: scratch })).stdout;
}

const kinds = [
  ['v1', 'ConfigMap'],
  ['v1', 'Secret'],
  ['v1', 'Service'],
  ['apps/v1', 'Deployment'],
  ['v1', 'Pod'],
] as const;

/** Everything in a namespace, without what Kubernetes and Helm write down for themselves. */
async function contentOf(namespace: string): Promise<Record<string, unknown>> {
  const lists = await Promise.all(
    kinds.map(async ([apiVersion, kind]) => real.cluster.list({ apiVersion, kind }, { namespace })),
  );
  const own = lists.flat().filter((object) => object['type'] !== 'helm.sh/release.v1');
  return Object.fromEntries(
    own.map((object: KubeObject) => {
      const { metadata, status: _, ...content } = object;
      const { name, labels, annotations, generation, uid } = metadata;
      return [`${object.kind} ${name}`, { ...content, labels, annotations, generation, uid }];
    }),
  );
}

/** As its operator would do it. */
async function takeOver(id: string, folder: string) {
  const exported = await real.installer.as('seller').adoptions.exportInstall({ installId: id });
  const { releaseName, namespace, command } = exported;
  const [chartFile, valuesFile] = [join(scratch, `${folder}.tgz`), join(scratch, `${folder}.yaml`)];
  await writeFile(chartFile, exported.chart);
  await writeFile(valuesFile, exported.valuesYaml);
  const [program, ...given] = command
    .replace('chart.tgz', chartFile)
    .replace('values.yaml', valuesFile)
    .split(' ');
  expect(program).toBe('helm');
  const upgrade = () => helm(...given, '--wait', '--timeout', '90s');
  return { upgrade, releaseName, namespace };
}

test('the sample: taken over as it is, its password too; again changes nothing', how, async () => {
  const install = await real.install(sampleChart(), {
    values: { sample: { title: 'Mine' } },
    package: { sources: [{ sourceId: 'src_one', alias: 'sample' }] },
  });
  const { upgrade, releaseName, namespace } = await takeOver(install.id, 'sample');
  const before = await contentOf(namespace);
  await upgrade();
  expect(await contentOf(namespace)).toEqual(before);
  await upgrade();
  expect(await contentOf(namespace)).toEqual(before);
  expect(await helm('list', '--namespace', namespace, '--short')).toContain(releaseName);
  expect((await factsOf(real.installer, install.id)).map(({ fact }) => fact)).toContain('exported');
  await real.remove(install);
});

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata:
      labels: { app: web }
      annotations: { checksum/secret: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }} }
    spec: { containers: [{ name: c, image: nginx, env: [{ name: TITLE, value: {{ .Values.title | quote }} }] }] }`;
const secret = `
apiVersion: v1
kind: Secret
metadata: { name: generated }
data: { password: {{ randAlphaNum 20 | b64enc }}, tls: {{ (genCA "ca" 365).Cert | b64enc }} }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { url: "db://{{ randAlphaNum 12 }}@host", text: "{{ \`{{ not a template }}\` }}", title: {{ .Values.title | quote }} }`;

test('what is generated goes along, wherever it stands; values go on being followed', how, async () => {
  const install = await real.install(
    chart(
      {
        'templates/secret.yaml': secret.replaceAll('\\`', '`'),
        'templates/web.yaml': web,
        'templates/defined.yaml': `
{{- define "word" }}{{ randAlphaNum 9 }}{{ end }}
apiVersion: v1
kind: ConfigMap
metadata: { name: defined }
data: { word: {{ include "word" . }} }`,
        'templates/hook.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: hooked, annotations: { helm.sh/hook: "post-install,post-upgrade" } }
data: { word: {{ randAlphaNum 9 }} }`,
      },
      { title: 'one' },
    ),
  );
  await real.update(install.id, { title: 'two' });
  const { upgrade, releaseName, namespace } = await takeOver(install.id, 'generated');
  const before = await contentOf(namespace);
  await upgrade();
  const { 'ConfigMap hooked': hookBefore, ...restBefore } = before;
  const { 'ConfigMap hooked': hookAfter, ...rest } = await contentOf(namespace);
  expect(rest).toEqual(restBefore);
  // Hooks are made anew by whoever runs them.
  expect(hookAfter).toMatchObject({ data: (hookBefore as { data: object }).data });
  // From here on it is Helm's: the platform no longer corrects what Helm changes.
  const { id } = install;
  await real.installer.as('seller').installs.updateInstall({ id, driftPolicy: InstallDriftPolicy.WARN });
  await writeFile(join(scratch, 'more.yaml'), JSON.stringify({ app: { title: 'three' } }));
  await helm(
    'upgrade',
    releaseName,
    join(scratch, 'generated.tgz'),
    `--namespace=${namespace}`,
    `--values=${join(scratch, 'generated.yaml')}`,
    `--values=${join(scratch, 'more.yaml')}`,
    '--force-conflicts',
  );
  const settings = await real.data('ConfigMap', namespace, 'settings');
  expect(settings).toMatchObject({ title: 'three', text: '{{ not a template }}' });
  expect(settings['url']).toBe((before['ConfigMap settings'] as { data: { url: string } }).data.url);
  await real.remove(install);
});

test(
  'a release of Helm becomes an install: nothing restarts, its password stays, what left its chart goes',
  how,
  async () => {
    const namespace = `helms-${process.pid}`;
    const files = (version: string, extra: string) => ({
      'Chart.yaml': JSON.stringify({ apiVersion: 'v2', name: 'app', version }),
      'templates/secret.yaml': secret.replaceAll('\\`', '`'),
      'templates/web.yaml': web,
      'templates/extra.yaml': extra,
    });
    const [first, second] = ['one', 'two'].map((extra) =>
      files(
        '1.0.0',
        `{ apiVersion: v1, kind: ConfigMap, metadata: { name: ${extra}, labels: { of: ${extra} } } }`,
      ),
    );
    const file = join(scratch, 'helms.tgz');
    await writeFile(file, packChart({ files: first ?? {} }));
    await helm(
      'install',
      'shop',
      file,
      `--namespace=${namespace}`,
      '--create-namespace',
      '--wait',
      '--set=title=mine',
    );
    const before = await contentOf(namespace);

    // What the catalog builds: the values that Helm was given come along.
    const { peers } = real.installer;
    peers.build = ({ sources }) => Promise.resolve({ chart: chart(second ?? {}, sources[0]?.values) });
    const seller = real.installer.as('seller');
    const request = {
      name: 'Shop',
      clusterId: real.clusterId,
      namespace,
      releaseName: 'shop',
      chart: { repoUrl: 'https://charts.example.com', chart: 'app', version: '1' },
      requestId: 'once',
    };
    await expectError(
      seller.adoptions.adoptRelease({ ...request, releaseName: 'none', requestId: '' }),
      Code.FailedPrecondition,
      'HELM_RELEASE_NOT_FOUND',
    );
    const { install } = await seller.adoptions.adoptRelease(request);
    expect(install).toMatchObject({ state: InstallState.RUNNING, revision: 1, namespace });
    expect((await seller.adoptions.adoptRelease(request)).install?.id).toBe(install?.id);
    await expectError(
      seller.adoptions.adoptRelease({ ...request, requestId: 'twice' }),
      Code.AlreadyExists,
      'HELM_RELEASE_ADOPTED',
    );
    const id = install?.id ?? '';
    await peers.finishBuilds();
    await eventually(async () => {
      expect(await real.installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision: 2 });
    });

    const after = await contentOf(namespace);
    const expected = Object.keys(before).map((name) => (name === 'ConfigMap one' ? 'ConfigMap two' : name));
    expect(Object.keys(after).toSorted()).toEqual(expected.toSorted());
    for (const name of ['Secret generated', 'ConfigMap settings', 'Deployment web']) {
      const { labels: _, ...content } = after[name] as { labels: object };
      const { labels: __, ...contentBefore } = before[name] as { labels: object };
      expect(content).toEqual(contentBefore);
    }
    expect((await helm('list', '--namespace', namespace, '--short')).trim()).toBe('');
    const deployment = await real.get({ apiVersion: 'apps/v1', kind: 'Deployment' }, 'web', namespace);
    expect(JSON.stringify(deployment?.metadata['managedFields'])).not.toContain('"helm"');

    // What others have in the namespace is not shown, and nobody gets into it by way of the install.
    const theirs = { apiVersion: 'v1', kind: 'Pod', namespace, name: 'theirs' };
    await real.cluster.create({
      ...theirs,
      metadata: { name: theirs.name, namespace },
      spec: { containers: [{ name: 'c', image: 'nginx' }] },
    });
    const { pods } = await seller.pods.listPods({ installId: id });
    expect(pods.map(({ name }) => name)).toEqual([expect.stringMatching(/^web-/)]);
    const logs = seller.pods.streamPodLogs({ installId: id, pod: theirs.name });
    await expectError(logs[Symbol.asyncIterator]().next(), Code.NotFound, 'POD_NOT_FOUND');
    await real.cluster.delete(theirs, { gracePeriodSeconds: 0 });

    // And on from there: what Helm once applied is changed and removed like everything else.
    const [source] = peers.templates.get(install?.templateId ?? '')?.sources ?? [];
    const updates = [{ sourceId: source?.id ?? '', values: { title: 'changed' } }];
    await seller.installs.updateInstallOverrides({ id, updates });
    await eventually(async () => {
      expect(await real.installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision: 3 });
    });
    expect(await real.data('ConfigMap', namespace, 'settings')).toMatchObject({ title: 'changed' });
    await seller.installs.deleteInstall({ id });
    await real.installer.until(id, InstallState.DELETED);
    expect(Object.keys(await contentOf(namespace))).toEqual(['ConfigMap kube-root-ca.crt']);
    const ref = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
    expect((await real.cluster.get(ref))?.metadata.deletionTimestamp).toBeUndefined();
    const { deletionReceipt } = await seller.installs.getDeletionReceipt({ installId: id });
    expect(deletionReceipt?.objects.find(({ kind }) => kind === 'Namespace')?.outcome).toBe('kept');
    await real.cluster.delete(ref);
  },
);

test('only who operates an install exports it', how, async () => {
  const install = await real.install(chart({ 'templates/x.yaml': '{ apiVersion: v1, kind: ConfigMap, metadata: { name: x } }' })); // prettier-ignore
  const request = { installId: install.id };
  const of = (person: 'buyer' | 'stranger') => real.installer.as(person).adoptions.exportInstall(request);
  await expectError(of('buyer'), Code.PermissionDenied, 'OPERATOR_ONLY');
  await expectError(of('stranger'), Code.NotFound, 'INSTALL_NOT_FOUND');
  await real.remove(install);
  await expectError(
    real.installer.as('seller').adoptions.exportInstall(request),
    Code.FailedPrecondition,
    'INSTALL_STATE',
  );
});
