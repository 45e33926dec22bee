// What changes: between releases, and by an update before it is made. Secrets are never shown.
import type { JsonObject } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { newId } from '@cnap/ids';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { ObjectChange, type ReleaseDiff } from '@cnap/proto/cnap/installer/v1/release_diff';
import { eventually, expectError } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chartOf, deployment } from './charts.ts';
import { startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(() => installer[Symbol.asyncDispose]());

const secret = 'canary-of-the-secret';
const templates = {
  'web.yaml': deployment('docker.io/library/nginx:1'),
  'config.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: config }
data:
  title: {{ .Values.title | quote }}
  url: "postgres://app:{{ .Values.password }}@db/shop"`,
  'secret.yaml': `
apiVersion: v1
kind: Secret
metadata: { name: secret }
stringData: { password: {{ .Values.password | quote }}, made: {{ randAlphaNum 20 }} }`,
  'extra.yaml': `
{{- if .Values.extra }}
apiVersion: v1
kind: ConfigMap
metadata: { name: "{{ .Values.extra }}" }
{{- end }}
{{- if .Values.broken }}{{ fail (printf "no %s" .Values.password) }}{{ end }}`,
};
const words = new Map<number, string>(
  Object.entries(ObjectChange).map(([name, value]): [number, string] => [value, name]),
);
const sourceId = 'src_sample';
const values = { title: 'one', password: secret, extra: 'old' };
const seller = () => installer.as('seller');
const product = () =>
  installer.aProduct({
    chart: chartOf(templates, values),
    inputs: [{ name: 'name', path: 'title', schema: { type: 'string' } }],
    inputSchema: { type: 'object', properties: { name: { type: 'string', maxLength: 20 } } },
  });
async function running(of = product()) {
  const install = await installer.ensure(of);
  return installer.until(install.id, InstallState.RUNNING);
}
const untilRevision = (id: string, revision: number) =>
  eventually(async () =>
    expect(await installer.get(id)).toMatchObject({ state: InstallState.RUNNING, revision }),
  );
const named = (diff: ReleaseDiff | undefined, name: string) => diff?.objects.find((one) => one.name === name);
const preview = (id: string, change: { overrides?: JsonObject; values?: JsonObject; inputs?: JsonObject }) =>
  seller().installs.previewInstallUpdate({
    id,
    ...(change.overrides ? { overrides: [{ sourceId, values: change.overrides }] } : {}),
    ...(change.values ? { values: [{ sourceId, values: change.values }] } : {}),
    ...(change.inputs ? { inputs: change.inputs } : {}),
  });

test('two releases: objects that come, change and go; what is secret is not shown', async () => {
  const { id } = await running();
  const overrides = { title: 'two', password: 'canary-another-secret', extra: 'new' };
  await seller().installs.updateInstallOverrides({ id, updates: [{ sourceId, values: overrides }] });
  await untilRevision(id, 2);
  const { releases } = await seller().releases.listReleases({ installId: id });
  const [second = '', first = ''] = releases.map((release) => release.id);
  const { releaseDiff } = await seller().releases.diffReleases({ id: second, fromReleaseId: first });
  const { namespace } = await installer.get(id);
  expect(releaseDiff).toMatchObject({ installId: id, releaseId: second, fromReleaseId: first, unchanged: 1 });
  expect(named(releaseDiff, 'config')).toMatchObject({
    change: ObjectChange.CHANGED,
    kind: 'ConfigMap',
    namespace,
    fields: [
      { path: '.data.title', before: 'one', after: 'two' },
      {
        path: '.data.url',
        before: 'postgres://app:(secret)@db/shop',
        after: 'postgres://app:(secret)@db/shop',
      },
    ],
  });
  // What the chart makes at random stayed.
  expect(named(releaseDiff, 'secret')?.fields).toMatchObject([
    { path: '.data.password', before: '(secret)', after: '(secret)' },
  ]);
  expect(named(releaseDiff, 'new')).toMatchObject({ change: ObjectChange.CREATED });
  expect(named(releaseDiff, 'old')).toMatchObject({ change: ObjectChange.DELETED });
  expect(JSON.stringify(releaseDiff)).not.toMatch(/canary/);

  const back = await seller().releases.diffReleases({ id: first, fromReleaseId: second });
  expect(named(back.releaseDiff, 'new')).toMatchObject({ change: ObjectChange.DELETED });
  const same = await seller().releases.diffReleases({ id: first, fromReleaseId: first });
  expect(same.releaseDiff).toMatchObject({ objects: [], unchanged: 4 });
});

test('a release beside the cluster: what applying it would do', async () => {
  const { id, namespace, releaseId } = await running();
  const beside = async () => (await seller().releases.diffReleases({ id: releaseId })).releaseDiff;
  expect(await beside()).toMatchObject({ fromReleaseId: '', objects: [], unchanged: 4 });
  await seller().installs.updateInstallOverrides({
    id,
    updates: [{ sourceId, values: { title: 'two', extra: 'new' } }],
  });
  await untilRevision(id, 2);
  const diff = await beside();
  expect(named(diff, 'config')).toMatchObject({
    namespace,
    change: ObjectChange.CHANGED,
    fields: [{ path: '.data.title', before: 'two', after: 'one' }],
  });
  expect(named(diff, 'old')).toMatchObject({ change: ObjectChange.CREATED });
  expect(named(diff, 'new')).toMatchObject({ change: ObjectChange.DELETED });
  expect(diff?.objects).toHaveLength(3);
});

test('an update is seen before it is made, whatever it changes', async () => {
  const { id, revision } = await running();
  const changes = async (change: Parameters<typeof preview>[1]) => {
    const { releaseDiff } = await preview(id, change);
    expect(JSON.stringify(releaseDiff)).not.toMatch(/canary/);
    return Object.fromEntries(
      releaseDiff?.objects.map(({ name, change: what, fields }) => [
        name,
        fields.length > 0 ? fields.map(({ path, after }) => `${path}=${after}`) : words.get(what),
      ]) ?? [],
    );
  };
  expect(await changes({})).toEqual({});
  expect(await changes({ overrides: { title: 'two', extra: 'new' } })).toEqual({
    config: ['.data.title=two'],
    new: 'CREATED',
    old: 'DELETED',
  });
  expect(await changes({ values: { ...values, title: 'base', password: 'canary-new-secret' } })).toEqual({
    config: ['.data.title=base', '.data.url=postgres://app:(secret)@db/shop'],
    secret: ['.data.password=(secret)'],
  });
  expect(await changes({ inputs: { name: 'mine' } })).toEqual({ config: ['.data.title=mine'] });
  // Nothing was done.
  expect(await installer.get(id)).toMatchObject({ revision, state: InstallState.RUNNING });
  expect((await seller().releases.listReleases({ installId: id })).releases).toHaveLength(1);
  expect(await changes({})).toEqual({});
});

test('inputs are changed by whoever owns an install, and by nobody else; others of them stay', async () => {
  const { id } = await running();
  const change = (person: 'buyer' | 'stranger', more: object) =>
    installer.as(person).installs.updateInstall({ id, ...more });
  const refused = change('buyer', { inputs: { name: 5 } });
  await expectError(refused, Code.InvalidArgument, 'INPUTS_INVALID');
  await expectError(
    change('buyer', { inputs: { name: 'x' }, name: 'Other' }),
    Code.PermissionDenied,
    'OPERATOR_ONLY',
  );
  await expectError(change('stranger', { inputs: { name: 'x' } }), Code.NotFound, 'INSTALL_NOT_FOUND');
  const { install } = await change('buyer', { inputs: { name: 'mine' } });
  expect(install?.inputs).toEqual({ name: 'mine' });
  await untilRevision(id, 2);
  const title = async () => {
    const { namespace } = await installer.get(id);
    const config = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'config' };
    return (await installer.kubernetes.get(config))?.['data'];
  };
  expect(await title()).toMatchObject({ title: 'mine' });
  await change('buyer', { inputs: { name: null } });
  await untilRevision(id, 3);
  expect(await title()).toMatchObject({ title: 'one' });
});

test('what cannot be previewed is told, without secrets', async () => {
  const { id } = await running();
  const failed = await expectError(
    preview(id, { overrides: { broken: true } }),
    Code.FailedPrecondition,
    'RENDER_FAILED',
  );
  expect(failed.message).toContain('no (secret)');
  await expectError(preview(id, { inputs: { name: 5 } }), Code.InvalidArgument, 'INPUTS_INVALID');
  await expectError(
    seller().installs.previewInstallUpdate({ id, overrides: [{ sourceId: 'src_other', values: {} }] }),
    Code.InvalidArgument,
    'SOURCE_NOT_FOUND',
  );
  await expectError(
    seller().installs.previewInstallUpdate({ id, packageId: newId('pkg') }),
    Code.NotFound,
    'PACKAGE_NOT_FOUND',
  );
  const nowhere = await installer.ensure(installer.aProduct({ clusterIds: [] }));
  await expectError(preview(nowhere.id, {}), Code.FailedPrecondition, 'INSTALL_STATE');
});

test('only who operates an install sees what changes', async () => {
  const { id, releaseId } = await running();
  const previewAs = (person: 'buyer' | 'stranger') =>
    installer.as(person).installs.previewInstallUpdate({ id });
  await expectError(previewAs('buyer'), Code.PermissionDenied, 'OPERATOR_ONLY');
  await expectError(previewAs('stranger'), Code.NotFound, 'INSTALL_NOT_FOUND');
  const diffAs = (person: 'buyer' | 'stranger') =>
    installer.as(person).releases.diffReleases({ id: releaseId });
  await expectError(diffAs('buyer'), Code.NotFound, 'RELEASE_NOT_FOUND');
  await expectError(diffAs('stranger'), Code.NotFound, 'RELEASE_NOT_FOUND');
  const other = await running();
  await expectError(
    seller().releases.diffReleases({ id: releaseId, fromReleaseId: other.releaseId }),
    Code.NotFound,
    'RELEASE_NOT_FOUND',
  );
});
