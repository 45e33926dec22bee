// What the cluster reports about an install, and everything for whoever looks into trouble, without secrets.
import { gunzipSync } from 'node:zlib';
import { Code, pages } from '@cnap/client';
import { readArchive } from '@cnap/helm';
import { connect, parseKubeconfig } from '@cnap/kubernetes';
import { InstallState } from '@cnap/proto/cnap/installer/v1/install';
import { eventually, expectError, realKubernetes } from '@cnap/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartOf, deployment } from './charts.ts';
import { addFault, simulate, startTestInstaller, type TestInstaller } from './test-installer.ts';

const real = await realKubernetes();
let installer: TestInstaller;
beforeAll(async () => {
  installer = await startTestInstaller();
});
afterAll(async () => {
  await installer[Symbol.asyncDispose]();
  await real?.[Symbol.asyncDispose]();
});

const secret = 'canary-of-the-secret';
const answer = 'canary-of-the-answer';
const templates = {
  'web.yaml': deployment('docker.io/library/nginx:1'),
  'config.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: { name: config }
data: { url: "postgres://app:${secret}@db/shop", title: {{ .Values.title | quote }} }`,
  'secret.yaml': `
apiVersion: v1
kind: Secret
metadata: { name: secret }
stringData: { password: ${secret} }`,
};
const elsewhere = `
apiVersion: v1
kind: ConfigMap
metadata: { name: "{{ .Release.Name }}", namespace: default }`;
type Person = 'buyer' | 'seller' | 'stranger';

async function bundleOf(id: string, person: Person = 'seller'): Promise<Map<string, string>> {
  const chunks: Uint8Array[] = [];
  const stream = installer.as(person).installs.streamSupportBundle({ installId: id });
  for await (const { chunk } of stream) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  for (const word of [secret, answer]) {
    const text = gunzipSync(bytes).toString('latin1');
    expect(text).not.toContain(word);
    expect(text).not.toContain(Buffer.from(word).toString('base64'));
  }
  return new Map([...readArchive(bytes)].map(([path, content]) => [path, Buffer.from(content).toString()]));
}
const leftOut = (bundle: Map<string, string>) =>
  (JSON.parse(bundle.get('about.json') ?? '{}') as { left_out: string[] }).left_out;

describe.each(['kubesim', 'a real control plane'])('on %s', (where) => {
  const how = { skip: where !== 'kubesim' && !real };
  const kubeconfig = () => (where === 'kubesim' ? installer.sim.kubeconfig : (real?.kubeconfig ?? ''));
  async function running() {
    const { clusterId, regionId } = installer.peers.aCluster(kubeconfig());
    const product = installer.aProduct({
      clusterIds: [clusterId],
      chart: chartOf({ ...templates, 'elsewhere.yaml': elsewhere }),
      inputs: [{ name: 'title', path: 'title', secret: true, schema: { type: 'string' } }],
      inputSchema: { type: 'object', properties: { title: { type: 'string' } } },
    });
    const { id } = await installer.ensure(product, { regionId, inputs: { title: answer } });
    return installer.until(id, InstallState.RUNNING);
  }

  test('events of its objects, the newest first, in pages, without secrets', how, async () => {
    const { id, namespace } = await running();
    await using cluster = connect(parseKubeconfig(kubeconfig()));
    const { pods } = installer.as('buyer');
    const [pod] = (await pods.listPods({ installId: id })).pods;
    const at = (second: number) => `2026-11-21T12:00:0${second}Z`;
    for (const [index, message] of [`says ${secret}`, 'says nothing', 'says more'].entries()) {
      await cluster.create({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `told-${index}`, namespace },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name: pod?.name },
        type: index === 1 ? 'Warning' : 'Normal',
        reason: 'Told',
        message,
        source: { component: 'test' },
        count: index + 1,
        firstTimestamp: at(index),
        lastTimestamp: at(index),
      });
    }
    const events = async (request: object) => {
      const found = [];
      for await (const event of pages(pods.listPodEvents, { installId: id, ...request })) found.push(event);
      return found;
    };
    const told = (await events({ pageSize: 2, pod: pod?.name })).filter(({ reason }) => reason === 'Told');
    expect(told).toMatchObject([
      { message: 'says more', type: 'Normal', count: 3, component: 'test', kind: 'Pod', namespace },
      { message: 'says nothing', type: 'Warning', count: 2 },
      { message: 'says (secret)', name: pod?.name, count: 1 },
    ]);
    const all = await events({ pageSize: 2 });
    const times = all.map(({ lastTime }) => Number(lastTime?.seconds));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(new Set(all.map((event) => JSON.stringify([event.name, event.reason, event.message]))).size).toBe(
      all.length,
    );
    // Who does not operate the cluster is not told its machines.
    const scheduled = async (person: 'buyer' | 'seller') =>
      (await installer.as(person).pods.listPodEvents({ installId: id, pageSize: 100 })).events.find(
        ({ reason }) => reason === 'Scheduled',
      )?.message;
    if (where !== 'kubesim') {
      expect(await scheduled('seller')).toContain(' to ');
      expect(await scheduled('buyer')).toBe('Assigned to a machine.');
    }
    expect(await events({ pod: 'another' })).toEqual([]);
    // Of a namespace that others use: what is about the install's own objects, and nothing else.
    const own = `cnap-${id.slice(-12)}`;
    for (const name of [own, 'another']) {
      await cluster.create({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `about-${name}-${id.slice(-12)}`, namespace: 'default' },
        involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name },
        reason: 'Elsewhere',
        lastTimestamp: at(9),
      });
    }
    const there = (await events({})).filter(({ reason }) => reason === 'Elsewhere');
    expect(there).toMatchObject([{ name: own, namespace: 'default', kind: 'ConfigMap' }]);
  });

  test('a bundle has objects, events, logs, releases; nothing in it is secret', how, async () => {
    const { id, namespace } = await running();
    const bundle = await bundleOf(id);
    expect([...bundle.keys()]).toEqual(
      expect.arrayContaining([
        'install.json',
        'drift.json',
        'releases/1/release.json',
        'releases/1/manifests.json',
        'pods.json',
        'events.json',
        `objects/${namespace}/ConfigMap.config.json`,
        `objects/${namespace}/Secret.secret.json`,
        `objects/cluster-wide/Namespace.${namespace}.json`,
        'about.json',
      ]),
    );
    const paths = [...bundle.keys()];
    expect(paths.filter((path) => /^objects\/.*\/Pod\./.test(path))).toHaveLength(1);
    if (where === 'kubesim') {
      expect(paths.filter((path) => path.startsWith('logs/'))).toHaveLength(1);
      expect(leftOut(bundle)).toEqual([]);
    }
    expect(bundle.get(`objects/${namespace}/ConfigMap.config.json`)).toContain(
      'postgres://app:(secret)@db/shop',
    );
    expect(bundle.get('releases/1/manifests.json')).toContain('postgres://app:(secret)@db/shop');
    expect(JSON.parse(bundle.get('install.json') ?? '')).toMatchObject({
      id,
      state: 'INSTALL_STATE_RUNNING',
    });
  });
});

const anInstall = async () => {
  const { id } = await installer.ensure(installer.aProduct({ chart: chartOf(templates) }));
  return installer.until(id, InstallState.RUNNING);
};

test('its owner gets pods, events and logs only, and logs where they are offered', async () => {
  const { id } = await anInstall();
  const paths = [...(await bundleOf(id, 'buyer')).keys()];
  expect(paths.filter((path) => !path.startsWith('logs/'))).toEqual([
    'install.json',
    'pods.json',
    'events.json',
    'about.json',
  ]);
  expect(paths.filter((path) => path.startsWith('logs/'))).toHaveLength(1);
  await expectError(bundleOf(id, 'stranger'), Code.NotFound, 'INSTALL_NOT_FOUND');
  const quiet = await installer.ensure(installer.aProduct({ chart: chartOf(templates), ownerLogsOff: true }));
  await installer.until(quiet.id, InstallState.RUNNING);
  expect([...(await bundleOf(quiet.id, 'buyer')).keys()].join(' ')).not.toContain('logs/');
});

test('a cluster that does not answer is left out, and said so; so is one that is not there', async () => {
  const { id } = await anInstall();
  await addFault(installer.sim, { kind: 'outage' });
  const bundle = await bundleOf(id);
  expect([...bundle.keys()]).toEqual(expect.arrayContaining(['install.json', 'releases/1/manifests.json']));
  expect(leftOut(bundle)).toEqual([expect.stringContaining('the cluster does not answer')]);
  await expectError(
    installer.as('buyer').pods.listPodEvents({ installId: id }),
    Code.Unavailable,
    'CLUSTER_UNREACHABLE',
  );
  await simulate(installer.sim, 'DELETE', 'faults');
  const nowhere = await installer.ensure(installer.aProduct({ clusterIds: [] }));
  expect(leftOut(await bundleOf(nowhere.id))).toEqual([expect.stringContaining('not on a cluster')]);
  expect((await installer.as('buyer').pods.listPodEvents({ installId: nowhere.id })).events).toEqual([]);
});

test('a bundle that is full says what it leaves out', async () => {
  const { id } = await anInstall();
  await installer.restart({ bundles: { bytesAtMost: 3_000 } });
  const bundle = await bundleOf(id);
  expect(bundle.has('about.json')).toBe(true);
  expect(leftOut(bundle)).toEqual(expect.arrayContaining(['objects: the bundle is full']));
  expect([...bundle.keys()].join(' ')).not.toContain('objects/');
});

test('so many are made at once; a place is free when a reader leaves', async () => {
  const { id } = await anInstall();
  await installer.restart({ bundles: { atOnce: 1 } });
  await addFault(installer.sim, { kind: 'black-hole' });
  const end = new AbortController();
  const reader = () => {
    const { installs } = installer.as('seller');
    const stream = installs.streamSupportBundle({ installId: id }, { signal: end.signal });
    return stream[Symbol.asyncIterator]().next();
  };
  // One of them has the place and waits for the cluster.
  const both = [reader(), reader()];
  const refusalOf = (one: Promise<unknown>) => one.then(() => Promise.withResolvers<never>().promise);
  await expectError(Promise.race(both.map(refusalOf)), Code.ResourceExhausted, 'SUPPORT_BUNDLE_TOO_MANY');
  end.abort();
  await Promise.allSettled(both);
  await simulate(installer.sim, 'DELETE', 'faults');
  await eventually(async () => expect((await bundleOf(id)).has('about.json')).toBe(true));
});
