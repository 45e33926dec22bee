// What cannot work is FAILED and says why; what may still work is waited for, in words; what breaks is DEGRADED.
import { InstallDriftPolicy, InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually } from '@cnap/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chartOf, deployment } from './charts.ts';
import { factsOf, objectsOf, startTestInstaller, type TestInstaller } from './test-installer.ts';

let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(() => installer[Symbol.asyncDispose]());

const web = (image: string) => installer.aProduct({ chart: chartOf({ 'web.yaml': deployment(image) }) });
const configMap = (body: string) => chartOf({ 'x.yaml': `{ apiVersion: v1, kind: ConfigMap, ${body} }` });

test.each([
  [
    'a chart that stops itself',
    chartOf({ 'x.yaml': '{{ fail "needs a licence" }}' }),
    'CHART_RENDER_FAILED',
    /needs a licence/,
  ],
  ['a template that is not YAML', chartOf({ 'x.yaml': 'a: [' }), /./, /./],
  ['an object that is invalid', configMap('metadata: { name: "Not_A_Name" }'), 'Invalid', /Not_A_Name/],
  [
    'an object that the namespace forbids',
    chartOf({
      'x.yaml': `
apiVersion: v1
kind: Pod
metadata: { name: x }
spec: { hostNetwork: true, containers: [{ name: c, image: x }] }`,
    }),
    'Forbidden',
    /host/i,
  ],
])('%s: FAILED, with the reason; ended, nothing stays', async (_, chart, reason, message) => {
  const { id, orderId } = await installer.ensure(installer.aProduct({ chart }));
  const install = await installer.until(id, InstallState.FAILED, 'buyer');
  expect(install.reason).toMatch(reason);
  expect(install.message).toMatch(message);
  expect(install.conditions.at(-1)).toMatchObject({ met: false, message: install.message });
  expect((await factsOf(installer, id)).map(({ fact }) => fact)).toEqual(['created', 'deploying', 'failed']);
  await installer.billing.endInstall({ orderId });
  await installer.until(id, InstallState.DELETED);
  expect(await objectsOf(installer.kubernetes, id)).toEqual([]);
});

test('values that the chart’s schema refuses: FAILED', async () => {
  const { id } = await installer.ensure(installer.aProduct({ values: { sample: { size: 'huge' } } }));
  const install = await installer.until(id, InstallState.FAILED, 'buyer');
  expect(install).toMatchObject({ reason: 'CHART_VALUES_INVALID', message: expect.stringContaining('size') });
});

test.each([
  ['docker.io/acme/web:never-pulls', /image|pull/i],
  ['docker.io/acme/web:crashes', /crash|restart|exit/i],
])('%s: DEPLOYING, with words that explain', async (image, words) => {
  const { id } = await installer.ensure(web(image));
  await eventually(async () => {
    const { state, message, progress } = await installer.get(id, 'buyer');
    expect(state).toBe(InstallState.DEPLOYING);
    expect(message).toMatch(words);
    expect(progress?.workloads).toMatchObject([
      { kind: 'Deployment', ready: false, message: expect.anything() },
    ]);
  });
  expect((await factsOf(installer, id)).map(({ fact }) => fact)).toEqual(['created', 'deploying']);
});

/** What breaks here is broken on purpose: it would be as it was applied again before anybody sees it. */
const leaveDrift = (id: string) =>
  installer.as('seller').installs.updateInstall({ id, driftPolicy: InstallDriftPolicy.WARN });

test('an install that breaks is DEGRADED by the watch, and RUNNING again when it is whole', async () => {
  const { id } = await installer.ensure(web('docker.io/library/nginx:1'));
  const { namespace } = await installer.until(id, InstallState.RUNNING);
  await leaveDrift(id);
  const resting = async () => {
    const { rows } = await installer.database.db.pool.query<{ due_at: Date | null }>(
      'select due_at from reconcile_task where key = $1',
      [id],
    );
    return rows[0]?.due_at === null;
  };
  await eventually(resting); // nobody polls: only a watch can wake it
  const name = `cnap-${id.slice(-12)}`;
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name, namespace };
  const image = (text: string) =>
    installer.kubernetes.patch(
      ref,
      [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: text }],
      { type: 'json' },
    );
  await image('docker.io/acme/web:never-pulls');
  const [pod] = await installer.kubernetes.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace });
  await installer.kubernetes.delete({
    apiVersion: 'v1',
    kind: 'Pod',
    name: pod?.metadata.name ?? '',
    namespace,
  });
  const degraded = await installer.until(id, InstallState.DEGRADED, 'buyer');
  expect(degraded).toMatchObject({ reason: 'Unhealthy', message: expect.stringMatching(/pull|image/i) });
  expect(degraded.conditions.find(({ type }) => type === 'Healthy')).toMatchObject({ met: false });
  await image('docker.io/library/nginx:1');
  const whole = await installer.until(id, InstallState.RUNNING, 'buyer');
  expect(whole).toMatchObject({ reason: '', message: '', progress: { workloads: [{ ready: true }] } });
  const facts = (await factsOf(installer, id)).map(({ fact }) => fact);
  const ofHealth = ['created', 'deploying', 'ready', 'degraded'];
  expect(facts.filter((fact) => ofHealth.includes(fact))).toEqual([...ofHealth, 'ready']);
});

test('what broke while nobody watched is found when the service starts', async () => {
  const { id } = await installer.ensure(web('docker.io/library/nginx:1'));
  const { namespace } = await installer.until(id, InstallState.RUNNING);
  await leaveDrift(id);
  await installer.stop();
  const name = `cnap-${id.slice(-12)}`;
  await installer.kubernetes.delete({ apiVersion: 'apps/v1', kind: 'Deployment', name, namespace });
  await installer.restart();
  expect(await installer.until(id, InstallState.DEGRADED)).toMatchObject({ reason: 'Unhealthy' });
});
