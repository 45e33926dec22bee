import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type Cluster, type KubeObject, type WatchEvent, connect, parseKubeconfig } from '../src/index.ts';

const kubeconfigPath = process.env['CNAP_TEST_KUBECONFIG'];

if (!kubeconfigPath) {
  process.stderr.write('skipped on a cluster: set CNAP_TEST_KUBECONFIG or KUBEBUILDER_ASSETS\n');
}

const configMap = (namespace: string, name: string, data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { test: 'cnap' } },
  data,
});

describe.skipIf(!kubeconfigPath)('on a cluster (set CNAP_TEST_KUBECONFIG)', () => {
  let cluster: Cluster;
  const namespace = `cnap-test-${process.pid}`;
  const own = { fieldManager: 'cnap-test' };
  beforeAll(async () => {
    cluster = connect(parseKubeconfig(readFileSync(kubeconfigPath ?? '', 'utf8')));
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, own);
  });
  afterAll(async () => {
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    await cluster[Symbol.asyncDispose]();
  });

  test('tells its version and kinds', async () => {
    expect((await cluster.version()).minor).toBeGreaterThanOrEqual(33);
    const kinds = await cluster.kinds();
    expect(kinds.find({ apiVersion: 'apps/v1', kind: 'Deployment' })).toMatchObject({
      plural: 'deployments',
      namespaced: true,
    });
    expect(kinds.apiVersions).toEqual(
      expect.arrayContaining(['apps/v1', 'apps/v1/Deployment', 'v1', 'v1/Pod']),
    );
    await expect(cluster.resource({ apiVersion: 'no.such/v1', kind: 'Thing' })).rejects.toMatchObject({
      reason: 'UnknownKind',
    });
  });

  test('applies, conflicts, patches, reads and deletes', async () => {
    const made = await cluster.apply(configMap(namespace, 'one', { a: '1' }), own);
    await expect(
      cluster.apply(configMap(namespace, 'one', { a: '2' }), { fieldManager: 'somebody' }),
    ).rejects.toMatchObject({
      code: 409,
      reason: 'Conflict',
      causes: [expect.objectContaining({ field: '.data.a' })],
    });
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'one' };
    await cluster.patch(ref, { data: { b: '3' } });
    expect((await cluster.get(ref))?.['data']).toEqual({ a: '1', b: '3' });
    await expect(cluster.delete(ref, { uid: 'another' })).rejects.toMatchObject({ code: 409 });
    expect(await cluster.delete(ref, { uid: made.metadata.uid })).toBe('gone');
    expect(await cluster.delete(ref)).toBe('gone');
    expect(await cluster.get(ref)).toBeUndefined();
  });

  test('says what is invalid', async () => {
    const bad = { ...configMap(namespace, 'bad', {}), metadata: { name: 'Not A Name', namespace } };
    await expect(cluster.apply(bad, own)).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      causes: [expect.objectContaining({ field: 'metadata.name' })],
    });
  });

  test('watches from the beginning and goes on', async () => {
    await cluster.apply(configMap(namespace, 'w1', {}), own);
    const end = new AbortController();
    const told: string[] = [];
    for await (const event of cluster.watch(
      { apiVersion: 'v1', kind: 'ConfigMap' },
      { namespace, labelSelector: 'test=cnap', signal: end.signal },
    )) {
      told.push(describeEvent(event));
      if (event.type === 'SYNCED') await cluster.apply(configMap(namespace, 'w2', {}), own);
      if (told.at(-1) === 'ADDED w2')
        await cluster.delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'w2' });
      if (told.at(-1) === 'DELETED w2') end.abort();
    }
    expect(told).toEqual(['ADDED w1', 'SYNCED', 'ADDED w2', 'DELETED w2']);
  });

  test('answers access questions in order', async () => {
    const answers = await cluster.accessReview([
      { verb: 'create', group: 'apps', resource: 'deployments', namespace },
      { verb: 'list', group: '', resource: 'pods' },
    ]);
    expect(answers).toMatchObject([
      { resource: 'deployments', allowed: true },
      { resource: 'pods', allowed: true },
    ]);
  });
});

function describeEvent(event: WatchEvent): string {
  return event.type === 'SYNCED' ? event.type : `${event.type} ${event.object.metadata.name}`;
}

test('a cluster that is not there is unreachable', async () => {
  await using cluster = connect({ context: 'x', server: 'http://127.0.0.1:1', token: 't' });
  await expect(cluster.version()).rejects.toMatchObject({
    code: 0,
    reason: 'Unreachable',
    unavailable: true,
  });
});

test('a cluster that takes the call and never answers ends at the deadline', async () => {
  const held = createServer(() => undefined);
  await new Promise<void>((done) => held.listen(0, '127.0.0.1', done));
  const { port } = held.address() as AddressInfo;
  await using cluster = connect(
    { context: 'x', server: `http://127.0.0.1:${port}`, token: 't' },
    { callTimeoutMs: 200 },
  );
  await expect(cluster.version()).rejects.toMatchObject({ code: 0, reason: 'Timeout' });
  const stop = new AbortController();
  const call = cluster.version(stop.signal);
  stop.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
  held.close();
});
